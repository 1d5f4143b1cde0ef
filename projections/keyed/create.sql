-- create what the rows were at some moments
-- A base is the whole view as of a position: all rows whose span holds it, the first position of
-- the span included. A row that did not change between two bases stands once for both.
CREATE TABLE base (
    seq bigint PRIMARY KEY
);

CREATE TABLE held (LIKE {table});

ALTER TABLE held
    ADD COLUMN from_seq bigint NOT NULL,
    ADD COLUMN until_seq bigint NOT NULL;

-- A base closes the spans of what changed since the one before.
CREATE INDEX held_open ON held ({key}) WHERE until_seq = 9223372036854775807;
