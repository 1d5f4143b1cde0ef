-- read parked records in the order of the log
SELECT seq, subject, recorded_at, attributes, payload
FROM parked
WHERE projection = $1 AND version = $2 AND stream = $3 AND seq > $4
ORDER BY seq
LIMIT $5
