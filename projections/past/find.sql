-- find a view as of a position
UPDATE plane.past
SET used_at = now()
WHERE projection = $1 AND version = $2 AND seq = $3 AND is_ready
RETURNING edition
