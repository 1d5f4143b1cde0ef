-- show deadlines by the name that outlives versions
CREATE VIEW {stable}.deadline AS
SELECT
    context, id, purpose, state, due_at, armed_seq, life_number, life_ended, fired_at, is_merged,
    last_seq
FROM {edition}.deadline;
