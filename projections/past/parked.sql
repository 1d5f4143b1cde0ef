-- restore what was parked at a base
INSERT INTO {past}.parked
    (projection, version, stream, seq, subject, reason, recorded_at, attributes, payload)
SELECT projection, version, stream, seq, subject, reason, recorded_at, attributes, payload
FROM {edition}.parked
WHERE projection = $1 AND version = $2 AND stream = 'EVENTS' AND seq <= $3
