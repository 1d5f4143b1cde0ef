-- see how far the ledger holds each stream
SELECT stream, applied_seq, read_to_seq
FROM ledger.checkpoint
ORDER BY stream
