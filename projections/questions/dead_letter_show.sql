-- show a dead letter
SELECT seq, recorded_at, payload
FROM ledger.record
WHERE stream = 'JOURNAL' AND kind = 'helmstream.journal.dead_letter.v1' AND inbox_seq = $1
ORDER BY seq
LIMIT 1
