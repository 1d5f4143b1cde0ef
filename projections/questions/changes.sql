-- compare a view as of two positions
SELECT before.shown AS before, after.shown AS after, after.last_seq
FROM (SELECT {key}, last_seq, to_jsonb(later)::text AS shown FROM {to} AS later WHERE last_seq > $1) AS after
LEFT JOIN (SELECT {key}, to_jsonb(earlier)::text AS shown FROM {from} AS earlier) AS before USING ({key})
ORDER BY after.last_seq
FETCH FIRST $2 ROWS WITH TIES
