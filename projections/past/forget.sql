-- forget a view as of a position
DELETE FROM plane.past
WHERE edition = $1
