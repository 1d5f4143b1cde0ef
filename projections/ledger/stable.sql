-- show the ledger by the name that outlives versions
CREATE VIEW {stable}.record AS
SELECT
    stream, seq, subject, context, aggregate, kind, id, causation_id, correlation_id, actor,
    publisher, inbox_seq, inbox_last_seq, door_key, content_hash, claimed_at, received_at,
    recorded_at, attributes, payload, hash
FROM {edition}.record;
