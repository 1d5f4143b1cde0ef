-- close the spans of what changed since the last base
UPDATE held
SET until_seq = $1
FROM {table} AS changed
WHERE changed.last_seq > $2 AND held.until_seq = 9223372036854775807 AND {same}
