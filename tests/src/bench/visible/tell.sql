-- tell each commit of the view of runs
CREATE SCHEMA bench;
CREATE FUNCTION bench.tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('visible', NEW.read_to_seq::text);
    RETURN NULL;
END
$$;
CREATE TRIGGER tell AFTER UPDATE ON run_v1.checkpoint FOR EACH ROW EXECUTE FUNCTION bench.tell();
