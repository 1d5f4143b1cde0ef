-- A schema in which disintegrate makes its own tables, and a view with a row a run.
DROP SCHEMA IF EXISTS peer_disintegrate CASCADE;
CREATE SCHEMA peer_disintegrate;
CREATE TABLE peer_disintegrate.run_view (
    run_id text NOT NULL PRIMARY KEY,
    reports bigint NOT NULL,
    phase text NOT NULL,
    step text NOT NULL,
    status text NOT NULL
);
