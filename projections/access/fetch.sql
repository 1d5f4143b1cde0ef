-- fetch the holders that a batch touches
SELECT id, view
FROM access
WHERE id = ANY($1)
