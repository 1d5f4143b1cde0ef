-- read the events of runs
SELECT entry
FROM run.entry
WHERE id = ANY($1)
ORDER BY seq
