-- store the deadlines that a batch changed
INSERT INTO deadline (
    context, id, purpose, state, due_at, armed_seq, life_number, life_ended, fired_at, is_merged,
    last_seq
)
SELECT
    context, id, purpose, state, due_at, armed_seq, life_number, life_ended, fired_at, is_merged,
    last_seq
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::boolean[], $9::bigint[], $10::boolean[], $11::bigint[]
) AS new (
    context, id, purpose, state, due_at, armed_seq, life_number, life_ended, fired_at, is_merged,
    last_seq
)
ON CONFLICT (context, id, purpose) DO UPDATE SET
    state = excluded.state,
    due_at = excluded.due_at,
    armed_seq = excluded.armed_seq,
    life_number = excluded.life_number,
    life_ended = excluded.life_ended,
    fired_at = excluded.fired_at,
    is_merged = excluded.is_merged,
    last_seq = excluded.last_seq
