-- see as of when the view of runs answers
SELECT read_to_seq AS as_of_seq
FROM run.checkpoint
WHERE stream = 'EVENTS'
