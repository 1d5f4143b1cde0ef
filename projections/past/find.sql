-- find a view as of a position
UPDATE plane.past
SET used_at = now()
WHERE projection = $1 AND version = $2 AND epoch = $3 AND seq = $4 AND is_ready
RETURNING edition
