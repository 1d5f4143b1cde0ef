-- add up the rows of a table, in whatever order they stand
-- Of the digest of each row 120 bits count, as two numbers.
SELECT
    count(*) AS rows,
    concat(
        sum(('x' || left(hex, 15))::bit(60)::bigint::numeric), ' ',
        sum(('x' || substr(hex, 16, 15))::bit(60)::bigint::numeric)
    ) AS sums
FROM (
    SELECT encode(sha256(convert_to(t::text, 'UTF8')), 'hex') AS hex
    FROM {table} AS t
) AS hashed
