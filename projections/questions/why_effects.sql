-- go down from a first cause to every effect
WITH RECURSIVE effect AS (
    SELECT stream, seq, id, causation_id, recorded_at, 0 AS depth
    FROM ledger.record
    WHERE stream <> 'JOURNAL' AND id = $1
    UNION
    SELECT below.stream, below.seq, below.id, below.causation_id, below.recorded_at, effect.depth + 1
    FROM effect
    JOIN ledger.record AS below ON below.causation_id = effect.id
    WHERE effect.depth < $2
),
-- The door claims names and sends merges before it stores the command that they come of: what had an
-- effect was there.
known AS (
    SELECT stream, seq, causation_id
    FROM effect
    WHERE $4::bigint IS NULL
        OR CASE WHEN stream = 'EVENTS' THEN seq <= $4 ELSE recorded_at <= $5 END
    UNION
    SELECT above.stream, above.seq, above.causation_id
    FROM known
    JOIN effect AS above ON above.id = known.causation_id
)
SELECT
    stream, seq, record.subject, record.kind, record.id, record.causation_id,
    record.actor, record.publisher, record.inbox_seq, record.door_key, record.received_at,
    record.recorded_at, record.payload, effect.depth
FROM effect
JOIN known USING (stream, seq)
JOIN ledger.record USING (stream, seq)
ORDER BY effect.depth, record.recorded_at, stream, seq
LIMIT $3
