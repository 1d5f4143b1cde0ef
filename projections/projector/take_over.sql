-- take a checkpoint over
INSERT INTO checkpoint AS held
    (projection, version, stream, owner, epoch, term, applied_seq, read_to_seq)
VALUES ($1, $2, $3, $4, $5, 1, 0, 0)
ON CONFLICT (projection, version, stream) DO UPDATE
SET owner = excluded.owner, term = held.term + 1
WHERE held.epoch = excluded.epoch
RETURNING applied_seq, applied_hash, read_to_seq, owner, term, epoch
