-- fetch the units that a batch touches
SELECT id, state
FROM deployment
WHERE id = ANY($1)
