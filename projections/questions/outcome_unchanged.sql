-- find which commands changed nothing
SELECT causation_id, kind, payload
FROM ledger.record
WHERE stream = 'JOURNAL' AND causation_id = ANY($1)
