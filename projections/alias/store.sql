-- store the names that a batch gave
INSERT INTO alias (name, context, id, last_seq)
SELECT name, context, id, last_seq
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) AS new (name, context, id, last_seq)
ON CONFLICT (name) DO NOTHING
