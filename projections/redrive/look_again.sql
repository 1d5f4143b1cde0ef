-- hold a checkpoint, and have its projector look again
UPDATE checkpoint
SET term = term + 1
WHERE projection = $1 AND version = $2 AND stream = $3
