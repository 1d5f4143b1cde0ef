-- create the view of deadlines, version 1
-- Instants are nanoseconds since 1970 in UTC, exact as the log has them. Identities are the tokens
-- that subjects carry.
CREATE TABLE deadline (
    context text NOT NULL,
    id text COLLATE "C" NOT NULL,
    purpose text NOT NULL,
    state text NOT NULL,
    due_at bigint,
    armed_seq bigint NOT NULL,
    life_number bigint,
    life_ended boolean,
    fired_at bigint,
    is_merged boolean NOT NULL,
    last_seq bigint NOT NULL,
    PRIMARY KEY (context, id, purpose)
) WITH (fillfactor = 70);

-- What a sweeper asks for. Not by due_at: that moves with every report, and an index on it would
-- move with it.
CREATE INDEX deadline_armed ON deadline (context, purpose, id) WHERE state = 'armed';
