-- find the last base at or before a position
SELECT max(seq) AS seq
FROM {edition}.base
WHERE seq <= $1
