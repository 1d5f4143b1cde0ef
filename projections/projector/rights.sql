-- what every projector may in an edition of its view
GRANT USAGE ON SCHEMA {edition} TO {role};
GRANT SELECT, INSERT, UPDATE ON {edition}.checkpoint TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON {edition}.parked TO {role};
