-- list the editions that a projector folds
SELECT edition, projection, version, number, state, to_regnamespace(edition)::oid AS schema
FROM plane.edition
WHERE projection = $1 AND version = $2
ORDER BY number
