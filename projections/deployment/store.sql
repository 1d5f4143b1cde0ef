-- store the units that a batch changed
INSERT INTO deployment (id, domain, environment, standing, deployed_seq, last_seq, state)
SELECT id, domain, environment, standing, deployed_seq, last_seq, state
FROM unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[]
) AS new (id, domain, environment, standing, deployed_seq, last_seq, state)
ON CONFLICT (id) DO UPDATE SET
    domain = excluded.domain,
    environment = excluded.environment,
    standing = excluded.standing,
    deployed_seq = excluded.deployed_seq,
    last_seq = excluded.last_seq,
    state = excluded.state
