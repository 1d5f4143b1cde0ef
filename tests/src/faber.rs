//! What a FABER pipeline says, as tests say it: CloudEvents that carry FABER's own envelope.

use serde_json::{Value, json};

/// The time of every claim unless a test says otherwise: long ago, so that nothing is expected of
/// the run any more.
pub const LONG_AGO: &str = "2026-03-01T10:00:00.000Z";

/// One event of a run. `more` is laid over the envelope.
pub fn said(run: &str, number: u64, word: &str, more: Value) -> Value {
    let mut data = json!({
        "event_id": number, "type": word, "timestamp": LONG_AGO, "run_id": run, "metadata": {}
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        data[key] = value.clone();
    }
    json!({
        "specversion": "1.0",
        "id": format!("{run}#{number}"),
        "source": "/acme/ci",
        "type": format!("faber.{word}"),
        "data": data
    })
}

/// The same event under another CloudEvents id.
pub fn again_as(event: &Value, id: &str) -> Value {
    let mut other = event.clone();
    other["id"] = id.into();
    other
}

/// A fact of somebody else's, without a meaning here.
pub fn external(source: &str, id: &str, data: Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": source, "type": "com.example.ticked", "data": data})
}

/// A whole run in order: begun, one step in each of two phases, ended.
pub fn whole(run: &str) -> Vec<Value> {
    let at = |phase: &str, step: &str| json!({"phase": phase, "step": step});
    vec![
        said(
            run,
            1,
            "workflow_start",
            json!({"metadata": {"work_id": "77", "autonomy": "autonomous"}}),
        ),
        said(run, 2, "phase_start", json!({"phase": "build"})),
        said(run, 3, "step_start", at("build", "implement")),
        said(run, 4, "step_complete", at("build", "implement")),
        said(run, 5, "phase_complete", json!({"phase": "build"})),
        said(run, 6, "phase_start", json!({"phase": "release"})),
        said(run, 7, "artifact_create", json!({"artifacts": [{"type": "tag", "name": "v1"}]})),
        said(run, 8, "phase_complete", json!({"phase": "release"})),
        said(run, 9, "workflow_complete", json!({"status": "completed"})),
    ]
}
