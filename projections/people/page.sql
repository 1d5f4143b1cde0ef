-- read personal values in the order of their ids
SELECT id, value, (extract(epoch FROM first_seen_at) * 1000000)::bigint AS first_seen_us
FROM people.person
WHERE id > $1
ORDER BY id
LIMIT $2
