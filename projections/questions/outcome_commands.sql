-- find which commands publishes became, and which publish each command first came of
SELECT became.inbox_seq, became.id, min(first.inbox_seq) AS first_inbox_seq
FROM ledger.record AS became
JOIN ledger.record AS first ON first.id = became.id AND first.stream = 'COMMANDS'
WHERE became.stream = 'COMMANDS' AND became.inbox_seq = ANY($1)
GROUP BY became.inbox_seq, became.id
