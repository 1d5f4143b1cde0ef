-- list what a view could not apply
SELECT projection, version, stream, seq, subject, reason, recorded_at
FROM {view}.parked
WHERE $1::text IS NULL OR projection = $1
