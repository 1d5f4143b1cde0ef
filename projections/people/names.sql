-- look personal values up
SELECT id, value
FROM people.person
WHERE id = ANY($1)
