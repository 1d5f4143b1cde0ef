-- list dead letters, with what was decided about each
SELECT letter.seq, letter.recorded_at, letter.payload, decided.view
FROM ledger.record AS letter
LEFT JOIN dead_letter.dead_letter AS decided ON decided.inbox_seq = letter.inbox_seq
WHERE letter.stream = 'JOURNAL' AND letter.kind = 'helmstream.journal.dead_letter.v1'
    AND ($1::bigint IS NULL OR letter.seq < $1)
    AND ($2::boolean OR decided.standing IS NULL OR decided.standing = 'retry_failed')
ORDER BY letter.seq DESC
LIMIT $3
