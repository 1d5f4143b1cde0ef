-- go down from a first cause to every effect
WITH RECURSIVE effect AS (
    SELECT stream, seq, id, 0 AS depth
    FROM ledger.record
    WHERE stream <> 'JOURNAL' AND id = $1
    UNION
    SELECT below.stream, below.seq, below.id, effect.depth + 1
    FROM effect
    JOIN ledger.record AS below ON below.causation_id = effect.id
    WHERE effect.depth < $2
)
SELECT
    record.stream, record.seq, record.subject, record.kind, record.id, record.causation_id,
    record.actor, record.publisher, record.inbox_seq, record.door_key, record.received_at,
    record.recorded_at, record.payload, effect.depth
FROM effect
JOIN ledger.record ON record.stream = effect.stream AND record.seq = effect.seq
WHERE $4::bigint IS NULL
    OR CASE WHEN record.stream = 'EVENTS' THEN record.seq <= $4 ELSE record.recorded_at <= $5 END
    -- A name is claimed before the command that claims it is stored: what had an effect was there.
    OR EXISTS (
        SELECT 1
        FROM ledger.record AS done
        WHERE done.causation_id = record.id AND done.stream = 'EVENTS' AND done.seq <= $4
    )
ORDER BY effect.depth, record.recorded_at, record.stream, record.seq
LIMIT $3
