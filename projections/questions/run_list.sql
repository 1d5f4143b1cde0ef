-- list runs
SELECT
    id, status, phase, work_id, workflow_id, autonomy, title, started_at, heard_at, ended_at,
    claims, bypasses_open, disputes, contradictions, merged_into, first_seq, last_seq
FROM run.run
WHERE CASE WHEN $1::text IS NULL THEN status <> 'merged' ELSE status = $1 END
    AND ($2::bigint IS NULL OR first_seq < $2)
ORDER BY first_seq DESC
LIMIT $3
