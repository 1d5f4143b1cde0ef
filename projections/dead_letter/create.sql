-- create the view of what was decided about dead letters, version 1
-- Instants are nanoseconds since 1970 in UTC. Identities are the tokens that subjects carry.
CREATE TABLE dead_letter (
    id text COLLATE "C" PRIMARY KEY,
    inbox_seq bigint,
    standing text NOT NULL,
    retries integer NOT NULL,
    decided_at bigint,
    last_seq bigint NOT NULL,
    view text NOT NULL
) WITH (fillfactor = 70);

-- What was decided about a publish; several ids never stand for one position.
CREATE INDEX dead_letter_inbox ON dead_letter (inbox_seq);
