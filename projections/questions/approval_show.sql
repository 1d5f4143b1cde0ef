-- show an approval
SELECT id, view
FROM approval.approval
WHERE id = $1
