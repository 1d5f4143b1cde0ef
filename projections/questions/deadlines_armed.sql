-- list armed deadlines
SELECT id, purpose, due_at, armed_seq
FROM deadline.deadline
WHERE state = 'armed' AND context = $1 AND purpose = $2 AND ($3::text IS NULL OR id > $3)
ORDER BY id
LIMIT $4
