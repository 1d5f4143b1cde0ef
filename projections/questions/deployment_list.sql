-- list units
SELECT id, state, ({by})::text AS sorted_by
FROM deployment.deployment
WHERE ($1::text IS NULL OR domain = $1)
    AND ($2::text IS NULL OR environment = $2)
    AND ($3::text IS NULL OR standing = $3)
    AND ($4::text IS NULL OR ({by}, id) {beyond} ($4::text::{kind}, $5::text))
ORDER BY {by} {way}, id {way}
LIMIT $6
