-- see where an edition stands
SELECT
    '{edition}'::text AS edition, at.projection, at.version, at.stream, at.applied_seq,
    at.read_to_seq, at.owner, at.epoch,
    (
        SELECT count(seq) FROM {edition}.parked
        WHERE parked.projection = at.projection AND parked.version = at.version AND parked.stream = at.stream
    ) AS parked
FROM {edition}.checkpoint AS at
