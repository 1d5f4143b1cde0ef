-- quote a role's name and password verifier
SELECT
    quote_ident($1) AS name,
    quote_literal($2) AS password,
    quote_ident(current_database()) AS database,
    EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = $1) AS is_there
