-- fetch the runs that a batch touches
SELECT id, state
FROM run
WHERE id = ANY($1)
