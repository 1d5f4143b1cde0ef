//! What runs leave behind: events, states in four forms, what they were begun with, what they
//! published, and the plans and workflows they follow.

use serde_json::{Map, Value};

use super::{Shape, papers};

/// What an object is, if it is a run's.
pub(super) fn shape(path: &str, held: &Map<String, Value>) -> Option<Shape> {
    let has = |key: &str| held.contains_key(key);
    if is_event(held) || (papers::is_event_file(path) && has("type") && has("event_id")) {
        return Some(Shape::Event);
    }
    if is_line(held) {
        return Some(Shape::Changelog);
    }
    if is_state(held) {
        return Some(state(held));
    }
    if (has("items") || has("execution")) && has("workflow") {
        return Some(Shape::Plan);
    }
    if has("plan_id") && has("phases") && !has("status") {
        return Some(Shape::PlanSimple);
    }
    let began = ["source_type", "relationships", "created_by", "environment"];
    if has("run_id") && (has("workflow_id") || has("phases")) && began.iter().any(|key| has(key)) {
        return Some(Shape::Metadata);
    }
    (has("id") && has("phases") && !has("run_id")).then_some(Shape::Workflow)
}

/// What a line of a log is, if it is a run's.
pub(super) fn log(value: &Value) -> Option<Shape> {
    let held = value.as_object()?;
    if is_event(held) {
        return Some(Shape::EventLog);
    }
    is_line(held).then_some(Shape::Changelog)
}

/// FABER's envelope: its own counter and word for what happened, and whose it is.
fn is_event(held: &Map<String, Value>) -> bool {
    ["event_id", "type", "run_id"].iter().all(|key| held.contains_key(*key))
}

/// A changelog's line has a word for what was published, and no counter.
fn is_line(held: &Map<String, Value>) -> bool {
    held.contains_key("event_type")
        && ["event_id", "run_id", "step_id"].iter().filter(|key| held.contains_key(**key)).count()
            >= 2
}

/// How a run stands: it has a status, and phases or steps that have one.
fn is_state(held: &Map<String, Value>) -> bool {
    let has = |key: &str| held.contains_key(key);
    let stands = ["current_phase", "updated_at", "last_event_id", "workflow_version", "run_id"];
    has("status")
        && (has("phases") || has("steps") || has("completed_step_ids"))
        && stands.iter().any(|key| has(key))
}

fn state(held: &Map<String, Value>) -> Shape {
    let phases = held.get("phases").and_then(Value::as_object);
    let any = |test: fn(&Map<String, Value>) -> bool| {
        phases.is_some_and(|phases| phases.values().filter_map(Value::as_object).any(test))
    };
    if held.contains_key("completed_step_ids") || any(|p| p.contains_key("completed_step_ids")) {
        return Shape::StateIds;
    }
    if any(|phase| phase.get("steps").is_some_and(Value::is_object)) {
        return Shape::StateKeyed;
    }
    match held.get("phases") {
        Some(Value::Object(_)) if !held.get("steps").is_some_and(Value::is_array) => {
            Shape::StateNested
        }
        _ => Shape::StateListed,
    }
}
