-- create where a projection stands and what it could not apply
CREATE TABLE checkpoint (
    projection text NOT NULL,
    version integer NOT NULL,
    stream text NOT NULL,
    applied_seq bigint NOT NULL,
    applied_hash bytea,
    read_to_seq bigint NOT NULL,
    owner uuid NOT NULL,
    term bigint NOT NULL,
    epoch uuid NOT NULL,
    PRIMARY KEY (projection, version, stream)
);

CREATE TABLE parked (
    projection text NOT NULL,
    version integer NOT NULL,
    stream text NOT NULL,
    seq bigint NOT NULL,
    subject text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    recorded_at bigint NOT NULL,
    attributes text NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (projection, version, stream, seq)
);

-- Asked with every batch once something is parked.
CREATE INDEX parked_subject ON parked (subject);
