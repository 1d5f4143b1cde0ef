-- create the view of second names, version 1
-- Names and identities are the tokens that subjects carry.
CREATE TABLE alias (
    name text COLLATE "C" PRIMARY KEY,
    context text NOT NULL,
    id text COLLATE "C" NOT NULL,
    last_seq bigint NOT NULL
);

-- All names of an aggregate.
CREATE INDEX alias_of ON alias (context, id);
