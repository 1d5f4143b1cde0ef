-- show the event at a position
SELECT
    stream, seq, subject, kind, id, causation_id, correlation_id, actor, claimed_at, received_at,
    recorded_at, attributes, payload, hash
FROM ledger.record
WHERE stream = 'EVENTS' AND seq = $1
