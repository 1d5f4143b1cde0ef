-- list events of one aggregate
-- Found before they are put in order: the planner would else hope to meet them on its way along
-- the whole log.
WITH found AS MATERIALIZED (
    SELECT
        seq, subject, kind, id, causation_id, correlation_id, actor, claimed_at, received_at,
        recorded_at, hash
    FROM ledger.record
    WHERE stream = 'EVENTS' AND subject = ANY($1) AND seq >= $3
        AND ($5::bigint IS NULL OR seq <= $5)
)
SELECT
    seq, subject, kind, id, causation_id, correlation_id, actor, claimed_at, received_at,
    recorded_at, hash
FROM found
WHERE $2::text IS NULL OR kind = $2
ORDER BY seq {way}
LIMIT $4
