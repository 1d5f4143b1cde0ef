-- see what there is of schemas, roles and rights, as texts that can be compared
SELECT 'schema' AS kind, '' AS grantee, nspname::text AS name, obj_description(oid, 'pg_namespace') AS stands
FROM pg_catalog.pg_namespace
WHERE nspname = ANY($1) OR obj_description(oid, 'pg_namespace') LIKE 'helmstream%'
UNION ALL
SELECT
    'role', role.rolname::text, role.rolname::text,
    concat_ws(
        ', ',
        CASE WHEN role.rolcanlogin THEN 'may log in' END,
        CASE WHEN role.rolsuper THEN 'is a superuser' END,
        CASE WHEN role.rolcreatedb THEN 'may create databases' END,
        CASE WHEN role.rolcreaterole THEN 'may create roles' END,
        CASE WHEN role.rolreplication THEN 'may replicate' END,
        CASE WHEN role.rolbypassrls THEN 'bypasses row security' END,
        CASE WHEN role.rolinherit THEN 'inherits' END,
        array_to_string(held.setconfig, ', ')
    )
FROM pg_catalog.pg_roles AS role
LEFT JOIN pg_catalog.pg_db_role_setting AS held
    ON held.setrole = role.oid
    AND held.setdatabase = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
WHERE role.rolname = ANY($2)
UNION ALL
SELECT
    'rights', role.rolname::text, space.nspname::text,
    string_agg(given.what || ' ' || given.privilege, ', ' ORDER BY given.what, given.privilege)
FROM (
    SELECT oid AS space, 'schema' AS what, (aclexplode(nspacl)).grantee, (aclexplode(nspacl)).privilege_type AS privilege
    FROM pg_catalog.pg_namespace
    UNION ALL
    SELECT relnamespace, relname::text, (aclexplode(relacl)).grantee, (aclexplode(relacl)).privilege_type
    FROM pg_catalog.pg_class
) AS given
INNER JOIN pg_catalog.pg_roles AS role ON role.oid = given.grantee AND role.rolname = ANY($2)
INNER JOIN pg_catalog.pg_namespace AS space
    ON space.oid = given.space
    AND (space.nspname = ANY($1) OR obj_description(space.oid, 'pg_namespace') LIKE 'helmstream%')
GROUP BY role.rolname, space.nspname
UNION ALL
SELECT
    'rights', coalesce(role.rolname::text, 'everybody'), '',
    string_agg(given.privilege_type, ', ' ORDER BY given.privilege_type)
FROM pg_catalog.pg_database AS database
CROSS JOIN LATERAL aclexplode(coalesce(database.datacl, acldefault('d', database.datdba))) AS given
LEFT JOIN pg_catalog.pg_roles AS role ON role.oid = given.grantee
WHERE database.datname = current_database() AND (given.grantee = 0 OR role.rolname = ANY($2))
GROUP BY role.rolname
UNION ALL
SELECT
    'rights', 'everybody', space.nspname::text,
    string_agg(given.privilege_type, ', ' ORDER BY given.privilege_type)
FROM pg_catalog.pg_namespace AS space
CROSS JOIN LATERAL aclexplode(space.nspacl) AS given
WHERE space.nspname = 'public' AND given.grantee = 0
GROUP BY space.nspname
