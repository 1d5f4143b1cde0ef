-- see where a view stands and which record it applied last
SELECT
    at.projection, at.version, at.stream, at.applied_seq, at.applied_hash, at.read_to_seq, at.epoch,
    (
        SELECT count(seq) FROM {view}.parked
        WHERE parked.projection = at.projection AND parked.version = at.version AND parked.stream = at.stream
    ) AS parked
FROM {view}.checkpoint AS at
