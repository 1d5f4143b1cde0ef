-- fetch the approvals that a batch touches
SELECT id, view
FROM approval
WHERE id = ANY($1)
