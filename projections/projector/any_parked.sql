-- see whether a view has parked anything
SELECT 1
FROM parked
WHERE projection = $1 AND version = $2 AND stream = $3
LIMIT 1
