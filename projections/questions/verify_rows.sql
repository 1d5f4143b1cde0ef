-- see what the ledger holds of a stretch of a stream, and what it holds there of no stream
SELECT
    stream, seq, subject, recorded_at, attributes, payload, hash, context, aggregate, kind,
    id::text AS id, causation_id::text AS causation_id, correlation_id, actor, publisher,
    inbox_seq::text AS inbox_seq, inbox_last_seq::text AS inbox_last_seq,
    encode(door_key, 'hex') AS door_key, encode(content_hash, 'hex') AS content_hash,
    claimed_at::text AS claimed_at, received_at::text AS received_at
FROM ledger.record
WHERE record.seq >= $2 AND record.seq <= $3
    AND (stream = $1 OR stream NOT IN ('EVENTS', 'COMMANDS', 'JOURNAL'))
ORDER BY record.seq, stream
LIMIT $4
