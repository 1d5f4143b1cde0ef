-- list where every view stands
SELECT
    at.projection, at.version, at.stream, at.applied_seq, at.read_to_seq, at.owner, at.epoch,
    (
        SELECT count(seq) FROM alias.parked
        WHERE parked.projection = at.projection AND parked.version = at.version AND parked.stream = at.stream
    ) AS parked
FROM alias.checkpoint AS at
UNION ALL
SELECT
    at.projection, at.version, at.stream, at.applied_seq, at.read_to_seq, at.owner, at.epoch,
    (
        SELECT count(seq) FROM approval.parked
        WHERE parked.projection = at.projection AND parked.version = at.version AND parked.stream = at.stream
    ) AS parked
FROM approval.checkpoint AS at
UNION ALL
SELECT
    at.projection, at.version, at.stream, at.applied_seq, at.read_to_seq, at.owner, at.epoch,
    (
        SELECT count(seq) FROM dead_letter.parked
        WHERE parked.projection = at.projection AND parked.version = at.version AND parked.stream = at.stream
    ) AS parked
FROM dead_letter.checkpoint AS at
UNION ALL
SELECT
    at.projection, at.version, at.stream, at.applied_seq, at.read_to_seq, at.owner, at.epoch,
    (
        SELECT count(seq) FROM deadline.parked
        WHERE parked.projection = at.projection AND parked.version = at.version AND parked.stream = at.stream
    ) AS parked
FROM deadline.checkpoint AS at
UNION ALL
SELECT
    at.projection, at.version, at.stream, at.applied_seq, at.read_to_seq, at.owner, at.epoch,
    (
        SELECT count(seq) FROM deployment.parked
        WHERE parked.projection = at.projection AND parked.version = at.version AND parked.stream = at.stream
    ) AS parked
FROM deployment.checkpoint AS at
UNION ALL
SELECT
    at.projection, at.version, at.stream, at.applied_seq, at.read_to_seq, at.owner, at.epoch,
    (
        SELECT count(seq) FROM ledger.parked
        WHERE parked.projection = at.projection AND parked.version = at.version AND parked.stream = at.stream
    ) AS parked
FROM ledger.checkpoint AS at
UNION ALL
SELECT
    at.projection, at.version, at.stream, at.applied_seq, at.read_to_seq, at.owner, at.epoch,
    (
        SELECT count(seq) FROM run.parked
        WHERE parked.projection = at.projection AND parked.version = at.version AND parked.stream = at.stream
    ) AS parked
FROM run.checkpoint AS at
ORDER BY projection, version, stream
