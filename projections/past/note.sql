-- note that a view as of a position is being built
INSERT INTO plane.past (edition, projection, version, epoch, seq, is_ready, used_at)
VALUES ($1, $2, $3, $4, $5, false, now())
