-- find which publishes retries became: the first of each
SELECT DISTINCT ON (causation_id) causation_id, inbox_seq
FROM ledger.record
WHERE causation_id = ANY($1) AND stream <> 'EVENTS' AND inbox_seq IS NOT NULL
ORDER BY causation_id, inbox_seq
