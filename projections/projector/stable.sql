-- show where a projection stands and what it could not apply
CREATE VIEW {stable}.checkpoint AS
SELECT projection, version, stream, applied_seq, applied_hash, read_to_seq, owner, term, epoch
FROM {edition}.checkpoint;

CREATE VIEW {stable}.parked AS
SELECT projection, version, stream, seq, subject, reason, recorded_at, attributes, payload
FROM {edition}.parked;
