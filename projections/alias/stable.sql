-- show second names by the name that outlives versions
CREATE VIEW {stable}.alias AS
SELECT name, context, id, last_seq
FROM {edition}.alias;
