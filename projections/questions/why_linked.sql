-- find what publishes under these keys became
SELECT seq, subject, kind, id, door_key, recorded_at
FROM ledger.record
WHERE door_key = ANY($1) AND stream = 'COMMANDS' AND ($2::bigint IS NULL OR recorded_at <= $2)
ORDER BY seq
