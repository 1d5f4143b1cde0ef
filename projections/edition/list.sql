-- list editions
SELECT edition, projection, version, number, state
FROM plane.edition
ORDER BY projection, version, number
