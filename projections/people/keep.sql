-- keep personal values
INSERT INTO people.person (id, value)
SELECT DISTINCT ON (id) id, value
FROM unnest($1::text[], $2::text[]) AS new (id, value)
ON CONFLICT (id) DO NOTHING
