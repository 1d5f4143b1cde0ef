-- what the sweeper may
GRANT USAGE ON SCHEMA deadline TO {role};
GRANT SELECT ON deadline.deadline, deadline.checkpoint TO {role};
