-- make tables like the view's own
CREATE SCHEMA bench;
CREATE TABLE bench.event (LIKE run_v1.run INCLUDING ALL);
CREATE TABLE bench.run (LIKE run_v1.run INCLUDING ALL);
