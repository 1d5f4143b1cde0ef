-- list what a view could not apply
SELECT projection, version, stream, seq, subject, reason, recorded_at
FROM (
    SELECT projection, version, stream, seq, subject, reason, recorded_at FROM alias.parked
    UNION ALL
    SELECT projection, version, stream, seq, subject, reason, recorded_at FROM deadline.parked
    UNION ALL
    SELECT projection, version, stream, seq, subject, reason, recorded_at FROM deployment.parked
    UNION ALL
    SELECT projection, version, stream, seq, subject, reason, recorded_at FROM ledger.parked
    UNION ALL
    SELECT projection, version, stream, seq, subject, reason, recorded_at FROM run.parked
) AS parked
WHERE projection = $1
ORDER BY stream, seq
LIMIT $2
