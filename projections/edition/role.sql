-- find who may do something where a view's edition stands
SELECT DISTINCT quote_ident(role.rolname) AS role
FROM pg_catalog.pg_class AS held
CROSS JOIN LATERAL pg_catalog.aclexplode(held.relacl) AS granted
JOIN pg_catalog.pg_roles AS role ON role.oid = granted.grantee
WHERE held.relnamespace = to_regnamespace($1) AND held.relname = $2
    AND granted.privilege_type = $3 AND granted.grantee <> held.relowner
