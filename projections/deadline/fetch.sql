-- fetch the deadlines that a batch touches
SELECT id, due_at, armed_seq, life_number, life_ended, fired_at, is_merged, last_seq
FROM deadline
WHERE context = $1 AND id = ANY($2) AND purpose = ANY($3)
