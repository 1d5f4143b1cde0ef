-- The tables that cqrs-es asks for, in a schema of their own: events, and a view with a row a run.
DROP SCHEMA IF EXISTS peer_cqrs_es CASCADE;
CREATE SCHEMA peer_cqrs_es;
CREATE TABLE peer_cqrs_es.events (
    aggregate_type text NOT NULL,
    aggregate_id text NOT NULL,
    sequence bigint NOT NULL CHECK (sequence >= 0),
    event_type text NOT NULL,
    event_version text NOT NULL,
    payload json NOT NULL,
    metadata json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence)
);
CREATE TABLE peer_cqrs_es.run_view (
    view_id text NOT NULL PRIMARY KEY,
    version bigint NOT NULL CHECK (version >= 0),
    payload json NOT NULL
);
