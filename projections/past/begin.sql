-- say where a view stands after a base was restored
INSERT INTO {past}.checkpoint
    (projection, version, stream, owner, epoch, term, applied_seq, read_to_seq)
VALUES ($1, $2, 'EVENTS', $3, $4, 1, 0, $5)
