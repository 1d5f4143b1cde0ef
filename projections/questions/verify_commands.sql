-- see which hashes commands have
SELECT id, hash
FROM ledger.record
WHERE id = ANY($1) AND stream <> 'JOURNAL' AND stream = 'COMMANDS'
