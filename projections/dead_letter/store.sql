-- store the dead letters that a batch changed
INSERT INTO dead_letter (id, inbox_seq, standing, retries, decided_at, last_seq, view)
SELECT id, inbox_seq, standing, retries, decided_at, last_seq, view
FROM unnest(
    $1::text[], $2::bigint[], $3::text[], $4::integer[], $5::bigint[], $6::bigint[], $7::text[]
) AS new (id, inbox_seq, standing, retries, decided_at, last_seq, view)
ON CONFLICT (id) DO UPDATE SET
    standing = excluded.standing,
    retries = excluded.retries,
    decided_at = excluded.decided_at,
    last_seq = excluded.last_seq,
    view = excluded.view
