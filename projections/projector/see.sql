-- see where a view stands
SELECT applied_seq, applied_hash, read_to_seq, owner, term, epoch
FROM checkpoint
WHERE projection = $1 AND version = $2 AND stream = $3
