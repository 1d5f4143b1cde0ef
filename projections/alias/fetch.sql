-- fetch the names that a batch touches
SELECT name, context, id, claimed_seq
FROM alias
WHERE name = ANY($1)
