-- find which commands publishes became, and which publish each command first came of
SELECT
    became.inbox_seq,
    became.id,
    (
        SELECT min(first.inbox_seq)
        FROM ledger.record AS first
        WHERE first.stream = 'COMMANDS' AND first.id = became.id
    ) AS first_inbox_seq
FROM ledger.record AS became
WHERE became.stream = 'COMMANDS' AND became.inbox_seq = ANY($1)
