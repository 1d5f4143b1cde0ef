-- show what was decided about dead letters by the name that outlives versions
CREATE VIEW {stable}.dead_letter AS
SELECT id, inbox_seq, standing, retries, decided_at, last_seq, view
FROM {edition}.dead_letter;
