-- see how the database server is set and what time it has
SELECT
    current_setting('server_version') AS version,
    current_setting('server_version_num')::integer AS version_number,
    current_setting('fsync') AS fsync,
    current_setting('full_page_writes') AS full_page_writes,
    current_setting('synchronous_commit') AS synchronous_commit,
    (extract(EPOCH FROM clock_timestamp()) * 1000000)::bigint AS now_micros,
    pg_database_size(current_database()) AS bytes
