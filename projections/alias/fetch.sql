-- fetch the names that a batch touches
SELECT name, context, id, last_seq
FROM alias
WHERE name = ANY($1)
