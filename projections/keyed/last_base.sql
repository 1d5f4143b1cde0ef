-- find the last base
SELECT max(seq) AS seq
FROM base
