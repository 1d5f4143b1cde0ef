-- fetch the deadlines that a batch touches
SELECT context, id, purpose, due_at, armed_seq, life_number, life_ended, fired_at, is_merged, last_seq
FROM deadline
WHERE (context, id) IN (SELECT context, id FROM unnest($1::text[], $2::text[]) AS touched (context, id))
