-- see as of when the view of approvals answers
SELECT read_to_seq AS as_of_seq
FROM approval.checkpoint
WHERE stream = 'EVENTS'
