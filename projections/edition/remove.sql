-- forget an edition
DELETE FROM plane.edition
WHERE edition = $1
