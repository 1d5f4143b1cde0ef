-- hold what changed since the last base
INSERT INTO held
SELECT changed.*, $1::bigint
FROM {table} AS changed
WHERE changed.last_seq > $2
