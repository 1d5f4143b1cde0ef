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

-- Every event of a unit, as JSON, and the deployment that it registered, if it did.
CREATE TABLE entry (
    id text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    deployment text COLLATE "C",
    entry text NOT NULL,
    PRIMARY KEY (id, seq)
);

-- The order of every list.
CREATE INDEX deployment_deployed ON deployment (deployed_seq);

-- The unit of a deployment. By digest, because an id from outside can be longer than an index takes.
CREATE INDEX entry_deployment ON entry (md5(deployment)) WHERE deployment IS NOT NULL;
