-- store the runs that a batch changed
INSERT INTO run (
    id, status, phase, work_id, workflow_id, autonomy, title, started_at, heard_at, ended_at,
    claims, bypasses_open, disputes, contradictions, merged_into, first_seq, last_seq, state
)
SELECT
    id, status, phase, work_id, workflow_id, autonomy, title, started_at, heard_at, ended_at,
    claims, bypasses_open, disputes, contradictions, merged_into, first_seq, last_seq, state
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
    $8::bigint[], $9::bigint[], $10::bigint[], $11::integer[], $12::integer[], $13::integer[],
    $14::integer[], $15::text[], $16::bigint[], $17::bigint[], $18::text[]
) AS new (
    id, status, phase, work_id, workflow_id, autonomy, title, started_at, heard_at, ended_at,
    claims, bypasses_open, disputes, contradictions, merged_into, first_seq, last_seq, state
)
ON CONFLICT (id) DO UPDATE SET
    status = excluded.status,
    phase = excluded.phase,
    work_id = excluded.work_id,
    workflow_id = excluded.workflow_id,
    autonomy = excluded.autonomy,
    title = excluded.title,
    started_at = excluded.started_at,
    heard_at = excluded.heard_at,
    ended_at = excluded.ended_at,
    claims = excluded.claims,
    bypasses_open = excluded.bypasses_open,
    disputes = excluded.disputes,
    contradictions = excluded.contradictions,
    merged_into = excluded.merged_into,
    last_seq = excluded.last_seq,
    state = excluded.state
