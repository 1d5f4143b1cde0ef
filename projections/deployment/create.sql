-- create the view of what is deployed, version 1
-- Instants are nanoseconds since 1970 in UTC. Identities are the tokens that subjects carry.
CREATE TABLE deployment (
    id text COLLATE "C" PRIMARY KEY,
    domain text NOT NULL,
    environment text NOT NULL,
    standing text NOT NULL,
    deployed_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    state text NOT NULL
) WITH (fillfactor = 70);

-- The usual order of lists, and others.
CREATE INDEX deployment_deployed ON deployment (deployed_seq);
CREATE INDEX deployment_domain ON deployment (domain COLLATE "C", id);
CREATE INDEX deployment_environment ON deployment (environment COLLATE "C", id);

-- Which units hold a deployment, and since which event.
CREATE TABLE registered (
    deployment text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL
);

-- By digest, because an id from outside can be longer than an index takes.
CREATE INDEX registered_deployment ON registered (md5(deployment));
