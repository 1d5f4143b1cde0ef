-- note an edition
INSERT INTO plane.edition (edition, projection, version, number, state)
VALUES ($1, $2, $3, $4, $5)
