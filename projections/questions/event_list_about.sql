-- list external facts that may be about something
-- What they are about stands in their payload alone, so only those that hold the text at all are
-- handed on, to be looked at. They lie together in the index of subjects, and no other event is read.
WITH found AS MATERIALIZED (
    SELECT
        seq, subject, kind, id, causation_id, correlation_id, actor, claimed_at, received_at,
        recorded_at, hash, payload
    FROM ledger.record
    WHERE stream = 'EVENTS' AND subject >= 'evt.external.' AND subject < 'evt.external/'
        AND ($1::text IS NULL OR subject = $1)
        AND ($2::text IS NULL OR kind = $2)
        AND seq >= $3
        AND ($5::bigint IS NULL OR seq <= $5)
        AND position($6::bytea IN payload) > 0
)
SELECT
    seq, subject, kind, id, causation_id, correlation_id, actor, claimed_at, received_at,
    recorded_at, hash, payload
FROM found
ORDER BY seq {way}
LIMIT $4
