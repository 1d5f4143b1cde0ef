-- list approvals
SELECT id, view, ({by})::text AS sorted_by
FROM approval.approval
WHERE ($1::text IS NULL OR standing = $1)
    AND ($2::text IS NULL OR run = $2)
    AND ($3::text IS NULL OR ({by}, id) {beyond} ($3::text::{kind}, $4::text))
    -- an actor as text, as the view has it: decoding it could fail
    AND ($6::text IS NULL OR (view::json -> 'rounds' -> -1 -> 'asked' -> 'by')::text = $6)
ORDER BY {by} {way}, id {way}
LIMIT $5
