-- see how far the rows of the ledger reach
SELECT max(seq) AS last_seq
FROM ledger.record
