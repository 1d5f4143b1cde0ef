//! What is deployed and registered: deployments, resources, entities, working trees, environments
//! and the domains that are watched.

use serde_json::{Map, Value};

use super::Shape;

/// What an object is, if it registers something.
pub(super) fn shape(path: &str, held: &Map<String, Value>) -> Option<Shape> {
    let has = |key: &str| held.contains_key(key);
    let list = |key: &str| held.get(key).is_some_and(Value::is_array);
    let map = |key: &str| held.get(key).is_some_and(Value::is_object);
    if list("deployments") {
        return Some(Shape::Deployments);
    }
    if list("monitors") {
        return Some(monitors(held));
    }
    if has("plugin") && has("domain") && has("capabilities") {
        return Some(Shape::DomainEntry);
    }
    if has("entity_id") && has("entity_type") {
        let history = has("step_history") || has("workflow_summary");
        return Some(if history { Shape::EntityHistory } else { Shape::Entity });
    }
    if path.contains("_indices/") {
        return Some(Shape::EntityIndex);
    }
    if list("worktrees") {
        return Some(Shape::Worktrees);
    }
    if map("environments") {
        return Some(Shape::Environments);
    }
    let of_cloud = path.contains("faber-cloud/") || has("project") || has("last_updated");
    if (list("resources") || map("resources")) && of_cloud && !has("overall_health") {
        return Some(Shape::CloudRegistry);
    }
    (list("issues") && of_cloud).then_some(Shape::CloudIssues)
}

/// The shipped registry says how to ask a domain and what its word weighs; the specified one says
/// what is aimed at and whom to tell.
fn monitors(held: &Map<String, Value>) -> Shape {
    let monitors = held.get("monitors").and_then(Value::as_array);
    let any = |keys: [&str; 2]| {
        let mut all = monitors.into_iter().flatten().filter_map(Value::as_object);
        all.any(|monitor| keys.iter().any(|key| monitor.contains_key(*key)))
    };
    let shipped = held.contains_key("planned_domains") || any(["commands", "priority_weight"]);
    if !shipped && any(["slos", "escalation_channels"]) {
        return Shape::DomainRegistrySpec;
    }
    Shape::DomainRegistry
}

/// The deployments of a registry, each with its place; and whatever else the registry says. The
/// place is the deployment's own id where it has one: one that is put in front of it moves none.
pub(super) fn split(registry: Value) -> (Vec<(String, Value)>, Option<Value>) {
    let Value::Object(mut head) = registry else { return (Vec::new(), Some(registry)) };
    let entries = match head.remove("deployments") {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    let placed = entries.into_iter().zip(1_usize..).map(|(entry, number)| {
        let id = entry.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        (format!("deployment {}", id.map_or(number.to_string(), str::to_owned)), entry)
    });
    (placed.collect(), (!head.is_empty()).then_some(Value::Object(head)))
}
