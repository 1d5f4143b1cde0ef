-- append rows of events, as the view does
INSERT INTO bench.entry (id, seq, entry)
SELECT id, seq, entry
FROM unnest($1::text[], $2::bigint[], $3::text[]) AS new (id, seq, entry)
ON CONFLICT (id, seq) DO NOTHING
