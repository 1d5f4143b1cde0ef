-- find the first event of each of these publishes
SELECT command.inbox_seq, min(event.seq) AS seq
FROM ledger_v1.record AS command
JOIN ledger_v1.record AS event ON event.causation_id = command.id AND event.stream = 'EVENTS'
WHERE command.stream = 'COMMANDS' AND command.inbox_seq = ANY($1)
GROUP BY command.inbox_seq
