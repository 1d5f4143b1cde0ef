-- show who may come in by the name that outlives versions
CREATE VIEW {stable}.access AS
SELECT id, actor, tokens, last_seq, view
FROM {edition}.access;
