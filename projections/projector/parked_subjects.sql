-- find which subjects have something parked
SELECT DISTINCT subject
FROM parked
WHERE projection = $1 AND version = $2 AND stream = $3 AND subject = ANY($4)
