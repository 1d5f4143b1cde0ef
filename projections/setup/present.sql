-- find which of these schemas there are
SELECT nspname::text AS name
FROM pg_catalog.pg_namespace
WHERE nspname = ANY($1)
ORDER BY 1
