-- its sweeper compares what is armed with what should be
GRANT USAGE ON SCHEMA deadline TO {role};
GRANT SELECT ON deadline.deadline, deadline.checkpoint TO {role};
