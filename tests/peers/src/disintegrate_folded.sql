-- How many reports the rows of all runs hold together.
SELECT coalesce(sum(reports), 0)::bigint AS folded FROM run_view
