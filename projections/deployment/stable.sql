-- show what is deployed by the name that outlives versions
CREATE VIEW {stable}.deployment AS
SELECT id, domain, environment, standing, deployed_seq, last_seq, state
FROM {edition}.deployment;

CREATE VIEW {stable}.registered AS
SELECT deployment, id, seq
FROM {edition}.registered;
