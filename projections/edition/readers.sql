-- list who may read a view by the name that outlives editions
SELECT DISTINCT quote_ident(held.relname) AS name, quote_ident(role.rolname) AS role
FROM pg_catalog.pg_class AS held
CROSS JOIN LATERAL pg_catalog.aclexplode(held.relacl) AS granted
JOIN pg_catalog.pg_roles AS role ON role.oid = granted.grantee
WHERE held.relnamespace = to_regnamespace($1) AND held.relkind = 'v'
    AND granted.privilege_type = 'SELECT' AND granted.grantee <> held.relowner
