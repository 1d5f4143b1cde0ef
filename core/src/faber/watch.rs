//! What Helm's plugins leave behind: health, issues and what was done against them. Nothing here
//! has a meaning of its own yet; the shapes are told apart so that each can be kept by its name.

use serde_json::{Map, Value};

use super::Shape;

/// What an object is, if it comes from watching.
pub(super) fn shape(held: &Map<String, Value>) -> Option<Shape> {
    let has = |key: &str| held.contains_key(key);
    let all = |keys: &[&str]| keys.iter().all(|key| has(key));
    if has("dashboard") || all(&["overall_health", "domains"]) {
        return Some(Shape::Dashboard);
    }
    if all(&["entity", "event_type"]) {
        return Some(Shape::EntityEvent);
    }
    if has("entity_sync") {
        return Some(Shape::HelmSettings);
    }
    if all(&["issue_id", "remediation_id"]) || all(&["issue_id", "actions_taken"]) {
        return Some(Shape::Remediation);
    }
    if has("issue_id") && (has("issue") || has("detection")) {
        return Some(Shape::Issue);
    }
    if has("issue_id") && (has("root_cause") || has("timeline")) {
        return Some(Shape::Incident);
    }
    if all(&["id", "severity", "title"]) {
        return Some(Shape::IssueFlat);
    }
    if has("resources") && (has("overall_health") || has("summary")) {
        return Some(Shape::HealthReport);
    }
    let answers =
        ["success", "operation"].iter().all(|key| has(key)) || all(&["status", "message"]);
    answers.then_some(Shape::Answer)
}
