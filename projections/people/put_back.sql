-- put personal values back
INSERT INTO people.person (id, value, first_seen_at)
SELECT id, value, 'epoch'::timestamptz + first_seen_us * interval '1 microsecond'
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS back (id, value, first_seen_us)
ON CONFLICT (id) DO NOTHING
