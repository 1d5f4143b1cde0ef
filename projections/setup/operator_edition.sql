-- what somebody who asks may in an edition: see where it stands and what it could not apply
GRANT USAGE ON SCHEMA {edition} TO {role};
GRANT SELECT ON {edition}.checkpoint, {edition}.parked TO {role};
