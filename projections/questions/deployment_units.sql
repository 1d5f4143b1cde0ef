-- find the units that hold a deployment
SELECT DISTINCT id
FROM deployment.registered
WHERE md5(deployment) = md5($1) AND deployment = $1 AND seq <= $2
ORDER BY id
