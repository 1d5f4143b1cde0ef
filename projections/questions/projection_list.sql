-- see where a view stands
SELECT
    at.projection, at.version, at.stream, at.applied_seq, at.read_to_seq, at.owner, at.epoch,
    (
        SELECT count(seq) FROM {view}.parked
        WHERE parked.projection = at.projection AND parked.version = at.version AND parked.stream = at.stream
    ) AS parked
FROM {view}.checkpoint AS at
