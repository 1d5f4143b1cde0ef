-- see as of when the ledger and the views of runs and of second names answer together
SELECT min(read_to_seq) AS as_of_seq
FROM (
    SELECT read_to_seq FROM run.checkpoint WHERE stream = 'EVENTS'
    UNION ALL
    SELECT read_to_seq FROM alias.checkpoint WHERE stream = 'EVENTS'
    UNION ALL
    SELECT read_to_seq FROM ledger.checkpoint WHERE stream = 'EVENTS'
) AS view
