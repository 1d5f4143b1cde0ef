-- list the second names of a run
SELECT name
FROM alias.alias
WHERE context = 'run' AND id = ANY($1)
ORDER BY claimed_seq
