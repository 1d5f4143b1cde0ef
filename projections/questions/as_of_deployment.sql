-- see as of when the view of what is deployed answers
SELECT read_to_seq AS as_of_seq
FROM deployment.checkpoint
WHERE stream = 'EVENTS'
