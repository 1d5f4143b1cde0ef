-- what each schema holds on disk, indexes included
SELECT namespace.nspname::text AS schema, sum(pg_total_relation_size(class.oid))::bigint AS bytes
FROM pg_class AS class
JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
WHERE class.relkind IN ('r', 'm', 'p') AND namespace.nspname NOT LIKE 'pg\_%' AND namespace.nspname <> 'information_schema'
GROUP BY namespace.nspname
ORDER BY bytes DESC
