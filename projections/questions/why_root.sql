-- climb from a record to its first cause
WITH RECURSIVE cause AS (
    SELECT id, causation_id, 0 AS depth
    FROM ledger.record
    WHERE stream <> 'JOURNAL' AND id = $1
    UNION
    SELECT above.id, above.causation_id, cause.depth + 1
    FROM cause
    JOIN ledger.record AS above ON above.id = cause.causation_id AND above.stream <> 'JOURNAL'
    WHERE cause.depth < $2
)
SELECT id
FROM cause
ORDER BY depth DESC
LIMIT 1
