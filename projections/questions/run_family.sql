-- list a run and what was merged into it
WITH RECURSIVE family AS (
    SELECT $1::text COLLATE "C" AS id, 0 AS depth
    UNION
    SELECT run.id, family.depth + 1
    FROM family
    JOIN run.run ON run.merged_into = family.id
    WHERE family.depth < $2
)
SELECT DISTINCT run.id
FROM family
JOIN run.run ON run.id = family.id
