-- list armed deadlines of all contexts
SELECT context, id, purpose, due_at
FROM deadline.deadline
WHERE state = 'armed'
ORDER BY context, id, purpose
LIMIT $1
