-- find what a second name was given to
SELECT id AS leads_to
FROM alias.alias
WHERE name = $1 AND context = 'run' AND last_seq <= $2
