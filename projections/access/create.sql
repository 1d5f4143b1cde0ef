-- create the view of who may come in, version 1
-- One row a holder. Identities are the tokens that subjects carry; `tokens` are the ids of its
-- tokens with a space before and behind each.
CREATE TABLE access (
    id text COLLATE "C" PRIMARY KEY,
    actor text NOT NULL,
    tokens text NOT NULL,
    last_seq bigint NOT NULL,
    view text NOT NULL
) WITH (fillfactor = 70);

-- The order of every list.
CREATE INDEX access_last ON access (last_seq);
