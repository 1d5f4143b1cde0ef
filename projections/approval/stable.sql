-- show approvals by the name that outlives versions
CREATE VIEW {stable}.approval AS
SELECT id, standing, run, asked_at, expires_at, asked_seq, last_seq, view
FROM {edition}.approval;
