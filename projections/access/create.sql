-- create the view of who may come in, version 1
-- One row a holder. Its identity is the token that its subject carries; `tokens` are the ids of the
-- tokens that it has had, with a space in between.
CREATE TABLE access (
    id text COLLATE "C" PRIMARY KEY,
    actor text NOT NULL,
    tokens text NOT NULL,
    last_seq bigint NOT NULL,
    view text NOT NULL
) WITH (fillfactor = 70);

-- The order of every list.
CREATE INDEX access_last ON access (last_seq);
