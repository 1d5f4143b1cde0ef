-- count dead letters about which something is to be decided, and those of them that are new
SELECT
    count(letter.seq) AS undecided,
    count(letter.seq) FILTER (WHERE letter.recorded_at >= $1) AS young,
    min(letter.recorded_at) AS oldest_at
FROM ledger.record AS letter
LEFT JOIN dead_letter.dead_letter AS decided ON decided.inbox_seq = letter.inbox_seq
WHERE letter.stream = 'JOURNAL' AND letter.kind = 'helmstream.journal.dead_letter.v1'
    AND (decided.standing IS NULL OR decided.standing = 'retry_failed')
