-- what whoever builds views as of a position may: make schemas of its own, and list them
DO $$
BEGIN
    EXECUTE format('GRANT CREATE ON DATABASE %I TO ', current_database()) || '{role}';
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON plane.past TO {role};
