-- find publishes by their keys
SELECT
    door_key, content_hash, inbox_seq,
    CASE WHEN stream = 'COMMANDS' THEN id END AS command_id
FROM ledger.record
WHERE door_key = ANY($1)
ORDER BY inbox_seq, stream, seq
