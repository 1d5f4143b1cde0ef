-- list what readers see of a view, the checkpoint first
SELECT quote_ident(relname) AS name
FROM pg_catalog.pg_class
WHERE relnamespace = to_regnamespace($1) AND relkind = 'v'
ORDER BY relname <> 'checkpoint', relname
