-- see whether a view as it was stands where it should
SELECT read_to_seq
FROM {past}.checkpoint
WHERE read_to_seq = $1
