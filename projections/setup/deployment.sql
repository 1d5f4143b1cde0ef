-- what the projector of what is deployed may
GRANT USAGE ON SCHEMA deployment_v1 TO {role};
GRANT SELECT, INSERT, UPDATE ON deployment_v1.deployment, deployment_v1.checkpoint TO {role};
GRANT INSERT ON deployment_v1.entry TO {role};
GRANT SELECT, INSERT ON deployment_v1.parked TO {role};
