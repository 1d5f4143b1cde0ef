-- what the projector of a keyed view may in an edition of it
GRANT SELECT, INSERT, DELETE ON {edition}.base TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON {edition}.held TO {role};
