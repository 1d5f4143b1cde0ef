-- list holders of tokens
SELECT id, view, ({by})::text AS sorted_by
FROM access.access
WHERE ($1::text IS NULL OR actor = $1)
    AND ($2::text IS NULL OR position(' ' || $2 || ' ' IN ' ' || tokens || ' ') > 0)
    AND ($3::text IS NULL OR ({by}, id) {beyond} ($3::text::{kind}, $4::text))
ORDER BY {by} {way}, id {way}
LIMIT $5
