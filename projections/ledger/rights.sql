-- what the projector of this view may in an edition of it; no record can be altered by it
GRANT INSERT ON {edition}.record TO {role};
