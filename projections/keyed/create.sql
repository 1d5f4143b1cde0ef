-- create what the rows were at some moments
-- A base is the whole view as of a position: of every row the last that is held at or before it. A
-- row that did not change between two bases stands once for both.
CREATE TABLE base (
    seq bigint PRIMARY KEY
);

CREATE TABLE held (LIKE {table});

ALTER TABLE held ADD COLUMN from_seq bigint NOT NULL;

-- What a row was at a base. Nothing held is ever changed: to save a base is to append.
CREATE INDEX held_key ON held ({key}, from_seq);
