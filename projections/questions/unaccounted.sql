-- find publishes without an outcome
SELECT asked.inbox_seq
FROM generate_series($1::bigint, $2::bigint) AS asked (inbox_seq)
WHERE NOT EXISTS (
    SELECT FROM ledger.record
    WHERE record.inbox_seq = asked.inbox_seq
) AND NOT EXISTS (
    SELECT FROM ledger.record AS lost
    WHERE lost.kind = 'helmstream.journal.lost.v1'
        AND asked.inbox_seq BETWEEN lost.inbox_seq AND lost.inbox_last_seq
)
ORDER BY asked.inbox_seq
LIMIT $3
