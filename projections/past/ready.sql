-- note that a view as of a position is ready
UPDATE plane.past
SET is_ready = true, used_at = now()
WHERE edition = $1 AND NOT EXISTS (
    SELECT 1
    FROM plane.past AS other
    JOIN plane.past AS ours ON ours.edition = $1
        AND other.projection = ours.projection AND other.version = ours.version AND other.seq = ours.seq
    WHERE other.is_ready
)
