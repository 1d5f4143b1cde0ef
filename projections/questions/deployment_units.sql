-- find the units that hold a deployment
SELECT DISTINCT id
FROM deployment.entry
WHERE md5(deployment) = md5($1) AND deployment = $1
ORDER BY id
