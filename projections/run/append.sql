-- append the events of runs
INSERT INTO entry (id, seq, entry)
SELECT id, seq, entry
FROM unnest($1::text[], $2::bigint[], $3::text[]) AS new (id, seq, entry)
