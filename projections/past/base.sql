-- find the last base at or before a position, of the log of an epoch
SELECT max(base.seq) AS seq
FROM {edition}.base
WHERE base.seq <= $1
    AND EXISTS (SELECT FROM {edition}.checkpoint WHERE checkpoint.epoch = $2)
