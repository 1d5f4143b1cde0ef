-- what the projector of this view may in an edition of it
GRANT SELECT, INSERT, UPDATE ON {edition}.deployment TO {role};
GRANT INSERT ON {edition}.registered TO {role};
