-- show a dead letter, with what was decided about it
SELECT letter.seq, letter.recorded_at, letter.payload, decided.view
FROM ledger.record AS letter
LEFT JOIN dead_letter.dead_letter AS decided ON decided.inbox_seq = letter.inbox_seq
WHERE letter.stream = 'JOURNAL' AND letter.kind = 'helmstream.journal.dead_letter.v1'
    AND letter.inbox_seq = $1
ORDER BY letter.seq
LIMIT 1
