-- see how far an edition has read
SELECT stream, read_to_seq
FROM {edition}.checkpoint
