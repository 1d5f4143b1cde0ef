-- find what was left half built
SELECT edition
FROM plane.past
WHERE NOT is_ready AND used_at < now() - make_interval(secs => $1)
