-- what the projector of runs may
GRANT USAGE ON SCHEMA run_v1 TO {role};
GRANT SELECT, INSERT, UPDATE ON run_v1.run, run_v1.checkpoint TO {role};
GRANT INSERT ON run_v1.entry TO {role};
GRANT SELECT, INSERT ON run_v1.parked TO {role};
-- its sweeper compares what is armed with what should be
GRANT USAGE ON SCHEMA deadline_v1, deadline TO {role};
GRANT SELECT ON deadline.deadline, deadline.checkpoint TO {role};
