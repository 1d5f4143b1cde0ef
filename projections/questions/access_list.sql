-- list holders of tokens
SELECT id, view
FROM access.access
WHERE ($1::text IS NULL OR actor = $1)
    AND ($2::text IS NULL OR position(' ' || $2 || ' ' IN ' ' || tokens || ' ') > 0)
    AND ($3::bigint IS NULL OR last_seq < $3)
ORDER BY last_seq DESC
LIMIT $4
