-- say why a record stays parked
UPDATE parked
SET reason = $5
WHERE projection = $1 AND version = $2 AND stream = $3 AND seq = $4
