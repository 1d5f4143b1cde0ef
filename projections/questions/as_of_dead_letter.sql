-- see as of when the ledger and the view of dead letters answer together
SELECT min(read_to_seq) AS as_of_seq
FROM (
    SELECT read_to_seq FROM ledger.checkpoint WHERE stream = 'EVENTS'
    UNION ALL
    SELECT read_to_seq FROM dead_letter.checkpoint WHERE stream = 'EVENTS'
) AS view
