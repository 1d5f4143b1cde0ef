-- begin to set up; two at once wait for each other
BEGIN;
SET LOCAL search_path = pg_catalog;
SET LOCAL synchronous_commit = on;
SELECT pg_advisory_xact_lock(7236837429614);
