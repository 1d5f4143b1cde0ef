-- set up a role
ALTER ROLE {role} WITH LOGIN NOCREATEDB NOCREATEROLE NOINHERIT PASSWORD {password};
-- A role is made without these, and only a superuser may so much as name them: the owner of the database
-- need not be one.
DO $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_catalog.pg_roles
        WHERE oid = '{role}'::regrole AND (rolsuper OR rolreplication OR rolbypassrls)
    ) THEN
        ALTER ROLE {role} WITH NOSUPERUSER NOREPLICATION NOBYPASSRLS;
    END IF;
END
$$;
GRANT CONNECT ON DATABASE {database} TO {role};
ALTER ROLE {role} IN DATABASE {database} SET statement_timeout = '{timeout_seconds}s';
ALTER ROLE {role} IN DATABASE {database} SET idle_in_transaction_session_timeout = '{timeout_seconds}s';
ALTER ROLE {role} IN DATABASE {database} SET search_path = pg_catalog;
