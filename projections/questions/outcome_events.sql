-- find what commands came to: the last event of each
-- That a name was given on the way is not what a command came to.
SELECT DISTINCT ON (causation_id) causation_id, seq, subject, kind, id, payload
FROM ledger.record
WHERE stream = 'EVENTS' AND causation_id = ANY($1) AND context <> 'alias'
ORDER BY causation_id, seq DESC
