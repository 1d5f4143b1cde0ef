-- what the projector of deadlines and the sweeper may
GRANT USAGE ON SCHEMA deadline_v1, deadline TO {role};
GRANT SELECT, INSERT, UPDATE ON deadline_v1.deadline, deadline_v1.checkpoint TO {role};
GRANT SELECT, INSERT ON deadline_v1.parked TO {role};
GRANT SELECT ON deadline.deadline, deadline.checkpoint TO {role};
