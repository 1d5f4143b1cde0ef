-- see as of when the ledger answers
SELECT read_to_seq AS as_of_seq
FROM ledger.checkpoint
WHERE stream = 'EVENTS'
