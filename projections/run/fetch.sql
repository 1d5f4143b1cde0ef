-- fetch the runs that a batch touches
SELECT id, entries
FROM run
WHERE id = ANY($1)
