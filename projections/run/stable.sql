-- show runs by the name that outlives versions
CREATE VIEW {stable}.run AS
SELECT
    id, status, phase, work_id, workflow_id, autonomy, title, started_at, heard_at, ended_at,
    claims, bypasses_open, disputes, contradictions, merged_into, first_seq, last_seq
FROM {edition}.run;
