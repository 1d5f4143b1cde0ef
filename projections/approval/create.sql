-- create the view of approvals, version 1
-- Instants are nanoseconds since 1970 in UTC. Identities are the tokens that subjects carry.
CREATE TABLE approval (
    id text COLLATE "C" PRIMARY KEY,
    standing text NOT NULL,
    run text COLLATE "C",
    asked_at bigint,
    expires_at bigint,
    asked_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    view text NOT NULL
) WITH (fillfactor = 70);

-- The usual order of lists, and of the one that is asked most.
CREATE INDEX approval_asked ON approval (asked_seq);
CREATE INDEX approval_open ON approval (asked_seq) WHERE standing = 'open';

-- Other orders.
CREATE INDEX approval_asked_at ON approval (coalesce(asked_at, -9223372036854775808), id);
CREATE INDEX approval_expires_at ON approval (coalesce(expires_at, -9223372036854775808), id);

-- The approvals of a run.
CREATE INDEX approval_run ON approval (run);
