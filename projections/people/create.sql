-- create where personal values are kept
-- Not a view: it is written by the door and outlives every rebuild. Erasing a person is deleting
-- their row.
CREATE TABLE person (
    id text COLLATE "C" PRIMARY KEY,
    value text NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now()
);
