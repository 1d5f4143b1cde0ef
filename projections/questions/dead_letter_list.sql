-- list dead letters
SELECT seq, recorded_at, payload
FROM ledger.record
WHERE stream = 'JOURNAL' AND kind = 'helmstream.journal.dead_letter.v1'
    AND ($1::bigint IS NULL OR seq < $1)
ORDER BY seq DESC
LIMIT $2
