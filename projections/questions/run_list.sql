-- list runs
SELECT
    id, status, phase, work_id, workflow_id, autonomy, title, started_at, heard_at, ended_at,
    claims, bypasses_open, disputes, contradictions, merged_into, first_seq, last_seq,
    ({by})::text AS sorted_by
FROM run.run
WHERE CASE WHEN $1::text[] IS NULL THEN status <> 'merged' ELSE status = ANY($1) END
    AND ($2::text IS NULL OR ({by}, id) {beyond} ($2::text::{kind}, $3::text))
ORDER BY {by} {way}, id {way}
LIMIT $4
