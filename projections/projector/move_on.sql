-- move a checkpoint on
UPDATE checkpoint
SET applied_seq = $1, applied_hash = $2, read_to_seq = $3
WHERE projection = $4 AND version = $5 AND stream = $6
    AND owner = $7 AND term = $8 AND applied_seq = $9 AND read_to_seq = $10
