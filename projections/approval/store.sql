-- store the approvals that a batch changed
INSERT INTO approval (id, standing, run, asked_at, expires_at, asked_seq, last_seq, view)
SELECT id, standing, run, asked_at, expires_at, asked_seq, last_seq, view
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[],
    $8::text[]
) AS new (id, standing, run, asked_at, expires_at, asked_seq, last_seq, view)
ON CONFLICT (id) DO UPDATE SET
    standing = excluded.standing,
    run = excluded.run,
    asked_at = excluded.asked_at,
    expires_at = excluded.expires_at,
    asked_seq = excluded.asked_seq,
    last_seq = excluded.last_seq,
    view = excluded.view
