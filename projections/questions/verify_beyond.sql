-- find a row beyond where the ledger says that it has read
SELECT record.seq, coalesce(at.read_to_seq, 0) AS read_to_seq
FROM ledger.record
LEFT JOIN ledger.checkpoint AS at ON at.stream = record.stream AND at.projection = 'ledger'
WHERE record.seq >= $2 AND record.seq <= $3 AND record.stream = $1
    AND record.seq > coalesce(at.read_to_seq, 0)
ORDER BY record.seq
LIMIT 1
