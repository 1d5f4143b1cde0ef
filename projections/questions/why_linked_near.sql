-- find commands near another one that may come from events of these ids, whoever published them
-- An id stands in the attributes alone, so only those that hold it at all are handed on, to be looked at.
SELECT seq, subject, kind, id, door_key, recorded_at, attributes
FROM ledger.record
WHERE stream = 'COMMANDS' AND seq BETWEEN $1 AND $2 AND door_key IS NOT NULL
    AND ($3::bigint IS NULL OR recorded_at <= $3)
    AND EXISTS (
        SELECT 1 FROM unnest($4::text[]) AS written (id) WHERE position(written.id IN attributes) > 0
    )
ORDER BY seq
LIMIT $5
