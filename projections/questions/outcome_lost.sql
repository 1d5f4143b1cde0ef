-- find which publishes were lost
SELECT asked.inbox_seq
FROM unnest($1::bigint[]) AS asked (inbox_seq)
WHERE EXISTS (
    SELECT FROM ledger.record AS lost
    WHERE lost.kind = 'helmstream.journal.lost.v1'
        AND asked.inbox_seq BETWEEN lost.inbox_seq AND lost.inbox_last_seq
)
