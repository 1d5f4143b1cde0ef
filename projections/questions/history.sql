-- read the events of aggregates up to a position
-- Found before they are put in order: the planner would else hope to meet them on its way along
-- the whole log.
WITH found AS MATERIALIZED (
    SELECT subject, seq, recorded_at, attributes, payload
    FROM ledger.record
    WHERE stream = 'EVENTS' AND subject = ANY($1) AND seq <= $2
)
SELECT subject, seq, recorded_at, attributes, payload
FROM found
ORDER BY seq
