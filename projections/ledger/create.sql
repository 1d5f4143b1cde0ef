-- create the ledger, version 1
-- Instants are nanoseconds since 1970 in UTC, exact as the log has them, because they are part of
-- what is hashed. `aggregate` is for people to search by; `subject` is what identifies.
CREATE TABLE record (
    stream text NOT NULL,
    seq bigint NOT NULL,
    subject text COLLATE "C" NOT NULL,
    context text,
    aggregate text,
    kind text NOT NULL,
    id uuid NOT NULL,
    causation_id uuid,
    correlation_id text,
    actor text,
    publisher text,
    inbox_seq bigint,
    inbox_last_seq bigint,
    door_key bytea,
    content_hash bytea,
    claimed_at bigint,
    received_at bigint,
    recorded_at bigint NOT NULL,
    attributes text NOT NULL,
    payload bytea NOT NULL,
    hash bytea NOT NULL,
    -- Not the stream first: that would tempt the planner to read a whole stream for one record of it.
    PRIMARY KEY (seq, stream)
-- A record of 1 KB stands in its row, and no time is spent on compressing it.
) WITH (toast_tuple_target = 4080);

-- event show, command show, why. An id of the journal is never asked for.
CREATE INDEX record_id ON record (id) WHERE stream <> 'JOURNAL';

-- event list of an aggregate.
CREATE INDEX record_subject ON record (subject, seq) WHERE stream = 'EVENTS';

-- What came of a command, what an event caused.
CREATE INDEX record_cause ON record (causation_id) WHERE causation_id IS NOT NULL;

-- What became of a publish. An event has its command's.
CREATE INDEX record_inbox ON record (inbox_seq) WHERE inbox_seq IS NOT NULL;

-- Whether the door has seen a publish before.
CREATE INDEX record_door_key ON record (door_key) WHERE door_key IS NOT NULL;

-- Rare entries that are listed, and looked through for what they cover.
CREATE INDEX record_dead_letter ON record (seq) WHERE kind = 'helmstream.journal.dead_letter.v1';
CREATE INDEX record_lost ON record (inbox_seq, inbox_last_seq) WHERE kind = 'helmstream.journal.lost.v1';
