-- show a command
SELECT
    stream, seq, subject, kind, id, causation_id, correlation_id, actor, claimed_at, received_at,
    recorded_at, attributes, payload, hash
FROM ledger.record
WHERE stream = 'COMMANDS' AND id = $1
ORDER BY seq
LIMIT 1
