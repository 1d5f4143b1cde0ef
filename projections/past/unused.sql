-- find what was not used of late
SELECT edition
FROM plane.past
WHERE is_ready
ORDER BY used_at DESC
OFFSET $1
