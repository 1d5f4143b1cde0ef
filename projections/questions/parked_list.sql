-- list what a view could not apply
SELECT projection, version, stream, seq, subject, reason, recorded_at
FROM {view}.parked
WHERE projection = $1
