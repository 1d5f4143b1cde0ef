-- What disintegrate 4.0.1 cannot make itself on a Postgres older than 16, which reads no hexadecimal
-- numbers: the function that marks a writer under way, and the column of the run.
CREATE FUNCTION event_store_begin_epoch() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    last_id bigint := (SELECT last_value FROM seq_event_event_id);
    database_id integer := (SELECT oid FROM pg_database WHERE datname = current_database());
BEGIN
    PERFORM pg_try_advisory_xact_lock_shared(database_id, 0),
        pg_try_advisory_xact_lock_shared(1, (last_id & 4294967295)::bit(32)::integer),
        pg_try_advisory_xact_lock_shared(2, (last_id >> 32)::bit(32)::integer);
END;
$$;
ALTER TABLE event ADD COLUMN run_id text;
CREATE INDEX idx_event_run_id ON event (run_id) WHERE run_id IS NOT NULL;
