-- what the projector of approvals may
GRANT USAGE ON SCHEMA approval_v1 TO {role};
GRANT SELECT, INSERT, UPDATE ON approval_v1.approval, approval_v1.checkpoint TO {role};
GRANT SELECT, INSERT ON approval_v1.parked TO {role};
-- its sweeper compares what is armed with what should be
GRANT USAGE ON SCHEMA deadline_v1, deadline TO {role};
GRANT SELECT ON deadline.deadline, deadline.checkpoint TO {role};
