-- restore the rows of a base
INSERT INTO {past}.{table} ({columns})
SELECT {columns}
FROM {edition}.held
WHERE from_seq <= $1 AND until_seq > $1
