-- list the second names of a run
SELECT name, last_seq
FROM alias.alias
WHERE context = 'run' AND id = ANY($1) AND last_seq <= $2
ORDER BY last_seq
