-- append the events of units
INSERT INTO entry (id, seq, deployment, entry)
SELECT id, seq, deployment, entry
FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) AS new (id, seq, deployment, entry)
