-- create the list of what views were
-- A view as of a position, in a schema of its own: shared by whoever asks for the same, and dropped
-- when others were used since.
CREATE TABLE past (
    edition text COLLATE "C" PRIMARY KEY,
    projection text NOT NULL,
    version integer NOT NULL,
    epoch uuid NOT NULL,
    seq bigint NOT NULL,
    is_ready boolean NOT NULL,
    used_at timestamptz NOT NULL
);

-- Of two that built the same, one is shared.
CREATE UNIQUE INDEX past_ready ON past (projection, version, epoch, seq) WHERE is_ready;
