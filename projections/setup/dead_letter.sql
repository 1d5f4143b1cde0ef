-- what the projector of dead letters may
GRANT USAGE ON SCHEMA dead_letter_v1 TO {role};
GRANT SELECT, INSERT, UPDATE ON dead_letter_v1.dead_letter, dead_letter_v1.checkpoint TO {role};
GRANT SELECT, INSERT ON dead_letter_v1.parked TO {role};
