-- list units
SELECT id, state
FROM deployment.deployment
WHERE ($1::text IS NULL OR domain = $1)
    AND ($2::text IS NULL OR environment = $2)
    AND ($3::text IS NULL OR standing = $3)
    AND ($4::bigint IS NULL OR deployed_seq < $4)
ORDER BY deployed_seq DESC
LIMIT $5
