//! What files of a FABER project hold, in the forms in which different writers write them.

use serde_json::{Value, json};

use super::Layout;
use crate::kill::chance::Chance;

/// A value as some writer writes it: on one line or many, with the ends of lines of another system,
/// with a mark before it.
pub(super) fn written(chance: &mut Chance, value: &Value) -> Vec<u8> {
    let text = match chance.below(4) {
        0 => value.to_string(),
        1 => format!("{value}\n"),
        _ => serde_json::to_string_pretty(value).expect("JSON"),
    };
    let text = if chance.percent(15) { text.replace('\n', "\r\n") } else { text };
    let mark: &[u8] = if chance.percent(10) { b"\xef\xbb\xbf" } else { b"" };
    [mark, text.as_bytes()].concat()
}

/// An event of a run, as some emitter writes it.
pub(super) fn envelope(chance: &mut Chance, run_id: &str, number: u64, word: &str) -> Value {
    let (minute, second) = (number % 60, chance.below(60));
    let time = match chance.below(10) {
        // Another zone, and none at all.
        0 => format!("2026-04-01T12:{minute:02}:{second:02}+02:00"),
        1 => format!("2026-04-01T10:{minute:02}:{second:02}"),
        _ => format!("2026-04-01T10:{minute:02}:{second:02}.000Z"),
    };
    let kind = match chance.below(12) {
        0 => word.to_uppercase(),
        1 => word.replace('_', ":"),
        _ => word.to_owned(),
    };
    let mut event = json!({
        "event_id": number, "type": kind, "timestamp": time, "run_id": run_id, "metadata": {}
    });
    if word.starts_with("phase") || word.starts_with("step") {
        event["phase"] = "build".into();
    }
    if word.starts_with("step") {
        event["step"] = "implement".into();
    }
    if word == "step_complete" {
        event["status"] = "success".into();
        event["duration_ms"] = chance.below(90_000).into();
    }
    if word == "artifact_create" {
        event["artifacts"] = json!([{"type": "commit", "name": format!("c{number}")}]);
    }
    event
}

/// How a run stands, in the form of its layout.
pub(super) fn states(run_id: &str, plan: &str, layout: Layout) -> Value {
    let mut state = json!({
        "run_id": run_id, "work_id": "12", "status": "in_progress", "current_phase": "build",
        "started_at": "2026-04-01T10:00:00.000Z", "updated_at": "2026-04-01T10:05:00.000Z"
    });
    let step = json!({"step_id": "implement", "phase": "build", "status": "success"});
    let (phases, steps) = match layout {
        Layout::Plugin | Layout::Faber => {
            let steps = json!([{"id": "implement", "status": "completed"}]);
            (json!({"build": {"status": "in_progress", "steps": steps}}), Value::Null)
        }
        Layout::Consolidated => {
            let steps = json!({"implement": {"status": "completed"}});
            (json!({"build": {"status": "in_progress", "steps": steps}}), Value::Null)
        }
        Layout::Plan | Layout::Older => {
            state["plan_id"] = plan.into();
            state["run_id"] = run_id.replace('/', "-run-").into();
            (json!([{"name": "build", "status": "in_progress", "enabled": true}]), json!([step]))
        }
        Layout::Logs => {
            state["completed_step_ids"] = json!(["build:implement"]);
            (json!({"build": {"status": "in_progress"}}), Value::Null)
        }
    };
    state["phases"] = phases;
    if !steps.is_null() {
        state["steps"] = steps;
    }
    state
}
