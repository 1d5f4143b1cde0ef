-- see as of when the view of who may come in answers
SELECT read_to_seq AS as_of_seq
FROM access.checkpoint
WHERE stream = 'EVENTS'
