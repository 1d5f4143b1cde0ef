-- hold the edition that serves where it stands
SELECT stream, read_to_seq
FROM {edition}.checkpoint
FOR UPDATE
