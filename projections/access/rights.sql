-- what the projector of this view may in an edition of it
GRANT SELECT, INSERT, UPDATE ON {edition}.access TO {role};
