-- list events
SELECT
    seq, subject, kind, id, causation_id, correlation_id, actor, claimed_at, received_at,
    recorded_at, hash
FROM ledger.record
WHERE stream = 'EVENTS'
    AND ($1::text IS NULL OR context = $1)
    AND ($2::text IS NULL OR kind = $2)
    AND seq >= $3
    AND ($5::bigint IS NULL OR seq <= $5)
ORDER BY seq {way}
LIMIT $4
