-- park a record
INSERT INTO parked
    (projection, version, stream, seq, subject, reason, recorded_at, attributes, payload)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
