-- note what an edition is for
UPDATE plane.edition
SET state = $2
WHERE edition = $1
