-- see what the ledger parked of a stretch of a stream
SELECT stream, seq, subject, recorded_at, attributes, payload
FROM ledger.parked
WHERE projection = 'ledger' AND stream = $1 AND seq >= $2 AND seq <= $3
ORDER BY seq
LIMIT $4
