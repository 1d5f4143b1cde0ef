-- find where a view stands on each stream
SELECT version, stream, read_to_seq
FROM {view}.checkpoint
ORDER BY stream
