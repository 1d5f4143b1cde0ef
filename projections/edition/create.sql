-- create the list of editions
-- Every schema that holds the rows of a view, and whether readers see it. Projectors fold all
-- editions of their version; one of each view serves.
CREATE TABLE edition (
    edition text COLLATE "C" PRIMARY KEY,
    projection text NOT NULL,
    version integer NOT NULL,
    number integer NOT NULL,
    state text NOT NULL,
    UNIQUE (projection, version, number)
);

-- Two never serve at once.
CREATE UNIQUE INDEX edition_serving ON edition (projection) WHERE state = 'serving';
