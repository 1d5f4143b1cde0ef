-- begin to build a view as it was; whoever forgets waits until it is begun
BEGIN;
SELECT pg_catalog.pg_advisory_xact_lock_shared(7236837429615);
