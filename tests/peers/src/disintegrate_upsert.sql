-- Folds one report into the row of its run.
INSERT INTO run_view (run_id, reports, phase, step, status)
VALUES ($1, 1, $2, $3, $4)
ON CONFLICT (run_id) DO UPDATE SET
    reports = run_view.reports + 1,
    phase = excluded.phase,
    step = excluded.step,
    status = excluded.status
