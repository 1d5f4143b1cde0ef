-- append which units hold which deployments
INSERT INTO registered (deployment, id, seq)
SELECT deployment, id, seq
FROM unnest($1::text[], $2::text[], $3::bigint[]) AS new (deployment, id, seq)
