-- find what readers see of a view, but for where it stands and what it could not apply
SELECT c.relname::text AS name
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relkind = 'v' AND c.relname NOT IN ('checkpoint', 'parked')
ORDER BY 1
