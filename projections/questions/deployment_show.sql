-- show a unit
SELECT id, state
FROM deployment.deployment
WHERE id = $1
