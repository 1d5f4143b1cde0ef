-- wait for those who restore a base
BEGIN;
SELECT pg_catalog.pg_advisory_xact_lock(7236837429615);
COMMIT;
