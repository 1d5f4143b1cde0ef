-- store the holders that a batch changed
INSERT INTO access (id, actor, tokens, last_seq, view)
SELECT id, actor, tokens, last_seq, view
FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
    AS new (id, actor, tokens, last_seq, view)
ON CONFLICT (id) DO UPDATE SET
    actor = excluded.actor,
    tokens = excluded.tokens,
    last_seq = excluded.last_seq,
    view = excluded.view
