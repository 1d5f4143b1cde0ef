-- what whoever builds views as of a position may in an edition
GRANT USAGE ON SCHEMA {edition} TO {role};
GRANT SELECT ON
    {edition}.base, {edition}.held, {edition}.{view}, {edition}.checkpoint, {edition}.parked
    TO {role};
