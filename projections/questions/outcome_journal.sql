-- find which publishes left an entry in the journal: the first of each
SELECT DISTINCT ON (inbox_seq) inbox_seq, kind, payload
FROM ledger.record
WHERE stream = 'JOURNAL' AND inbox_seq = ANY($1) AND kind <> 'helmstream.journal.lost.v1'
ORDER BY inbox_seq, seq
