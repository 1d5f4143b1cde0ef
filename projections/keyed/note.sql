-- note a base
INSERT INTO base (seq)
VALUES ($1)
