-- fetch the dead letters that a batch touches
SELECT id, view
FROM dead_letter
WHERE id = ANY($1)
