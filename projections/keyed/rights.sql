-- what the projector of a keyed view may in an edition of it
GRANT SELECT, INSERT, DELETE ON {edition}.base, {edition}.held TO {role};
