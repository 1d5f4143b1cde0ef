-- find what a run was merged into, or what a second name was given to
SELECT coalesce(
    (SELECT merged_into FROM run.run WHERE id = $1),
    (SELECT id FROM alias.alias WHERE name = $1 AND context = 'run')
) AS leads_to
