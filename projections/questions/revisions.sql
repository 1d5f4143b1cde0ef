-- see the last position of each of some subjects, up to a position
SELECT asked.subject, last.seq AS revision
FROM unnest($1::text[]) AS asked (subject)
-- One by one, each from the end of its part of the index.
CROSS JOIN LATERAL (
    SELECT record.seq
    FROM ledger.record
    WHERE record.stream = 'EVENTS' AND record.subject = asked.subject AND record.seq <= $2
    ORDER BY record.subject DESC, record.seq DESC
    LIMIT 1
) AS last
