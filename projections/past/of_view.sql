-- find what there is of a view
SELECT edition
FROM plane.past
WHERE projection = $1
