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

-- The usual order of lists. A run's first event never changes, so updates stay on their page.
CREATE INDEX run_first ON run (first_seq);

-- Other orders, of what changes once in a run. When it was last heard changes with every report, and
-- an index on that would move with it: a list in that order reads all rows.
CREATE INDEX run_started ON run (coalesce(started_at, -9223372036854775808), id);
CREATE INDEX run_ended ON run (coalesce(ended_at, -9223372036854775808), id);

-- What was merged into a run.
CREATE INDEX run_merged ON run (merged_into) WHERE merged_into IS NOT NULL;
