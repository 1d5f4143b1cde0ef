-- see as of when the view of deadlines answers
SELECT read_to_seq AS as_of_seq
FROM deadline.checkpoint
WHERE stream = 'EVENTS'
