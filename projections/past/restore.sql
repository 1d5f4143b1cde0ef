-- restore the rows of a base
INSERT INTO {past}.{view} ({columns})
SELECT held.*
FROM (SELECT {known} FROM {edition}.{view}) AS known
CROSS JOIN LATERAL (
    SELECT {columns}
    FROM {edition}.held
    WHERE {same} AND held.from_seq <= $1
    ORDER BY held.from_seq DESC
    LIMIT 1
) AS held
