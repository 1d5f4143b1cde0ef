-- create the view of runs, version 1
-- Instants are nanoseconds since 1970 in UTC, exact as the log has them. Identities are the tokens
-- that subjects carry.
CREATE TABLE run (
    id text COLLATE "C" PRIMARY KEY,
    status text NOT NULL,
    phase text,
    work_id text,
    workflow_id text,
    autonomy text,
    title text,
    started_at bigint,
    heard_at bigint,
    ended_at bigint,
    claims integer NOT NULL,
    bypasses_open integer NOT NULL,
    disputes integer NOT NULL,
    contradictions integer NOT NULL,
    merged_into text COLLATE "C",
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    state text NOT NULL
-- A row is written with every batch that touches it: room for its next version on its own page.
) WITH (fillfactor = 70);

-- The order of every list. A run's first event never changes, so updates stay on their page.
CREATE INDEX run_first ON run (first_seq);

-- What was merged into a run.
CREATE INDEX run_merged ON run (merged_into) WHERE merged_into IS NOT NULL;
