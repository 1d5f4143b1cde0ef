-- show second names by the name that outlives versions
CREATE VIEW {stable}.alias AS
SELECT name, context, id, claimed_seq
FROM {version}.alias;
