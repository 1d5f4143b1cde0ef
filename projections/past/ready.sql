-- note that a view as of a position is ready
UPDATE plane.past
SET is_ready = true, used_at = now()
WHERE edition = $1
