-- restore the rows of a base
DROP TABLE {past}.{view};

CREATE UNLOGGED TABLE {past}.{view} AS
SELECT held.*
FROM (SELECT {known} FROM {edition}.{view}) AS known
CROSS JOIN LATERAL (
    SELECT {columns}
    FROM {edition}.held
    WHERE {same} AND held.from_seq <= {base}
    ORDER BY held.from_seq DESC
    LIMIT 1
) AS held
