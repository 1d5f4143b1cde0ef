-- park records no more
DELETE FROM parked
WHERE projection = $1 AND version = $2 AND stream = $3 AND seq = ANY($4)
