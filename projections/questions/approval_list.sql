-- list approvals
SELECT id, view
FROM approval.approval
WHERE ($1::text IS NULL OR standing = $1)
    AND ($2::text IS NULL OR run = $2)
    AND ($3::bigint IS NULL OR asked_seq < $3)
    -- an actor as text, as the view has it: decoding it could fail
    AND ($5::text IS NULL OR (view::json -> 'rounds' -> -1 -> 'asked' -> 'by')::text = $5)
ORDER BY asked_seq DESC
LIMIT $4
