-- read the events of a unit
SELECT entry
FROM deployment.entry
WHERE id = $1
ORDER BY seq
