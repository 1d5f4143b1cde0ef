-- every role may see which editions there are
GRANT USAGE ON SCHEMA plane TO {role};
GRANT SELECT ON plane.edition TO {role};
