-- show what is deployed by the name that outlives versions
CREATE VIEW {stable}.deployment AS
SELECT id, domain, environment, standing, deployed_seq, last_seq, state
FROM {version}.deployment;

CREATE VIEW {stable}.entry AS
SELECT id, seq, deployment, entry
FROM {version}.entry;
