-- list the columns of a table
SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns
FROM pg_catalog.pg_attribute
WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped
