-- set up a role
ALTER ROLE {role} WITH
    LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT
    PASSWORD {password};
GRANT CONNECT ON DATABASE {database} TO {role};
ALTER ROLE {role} IN DATABASE {database} SET statement_timeout = '{timeout_seconds}s';
ALTER ROLE {role} IN DATABASE {database} SET idle_in_transaction_session_timeout = '{timeout_seconds}s';
ALTER ROLE {role} IN DATABASE {database} SET search_path = pg_catalog;
