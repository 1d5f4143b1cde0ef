//! Conditions, described: which answers have a tag, and which actions can be asked of a revision.

use serde_json::{Value, json};

/// Tags with commas between, or any at all; none match nothing.
const TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)?$"#;

/// Adds to a question what it takes and answers for having a tag.
pub(super) fn of_shown(operation: &mut Value) {
    add_parameter(operation, "If-None-Match", "Tags that whoever asks has already; or `*`.");
    add_parameter(
        operation,
        "If-Match",
        "Tags under one of which it is wanted, and else not at all.",
    );
    operation["responses"]["200"]["headers"] = tag();
    let unchanged = "It has a tag that `If-None-Match` names.";
    operation["responses"]["304"] = json!({ "description": unchanged, "headers": tag() });
    let changed = operation["responses"]["400"].clone();
    operation["responses"]["412"] = changed;
    operation["responses"]["412"]["description"] = json!("It has no tag that `If-Match` names.");
}

/// Adds to an action that something can be expected of what it is about.
pub(super) fn of_action(operation: &mut Value) {
    let told = "Only if it has one of these tags, which `ETag` told; `*` if it is there at all.";
    add_parameter(operation, "If-Match", told);
}

fn tag() -> Value {
    json!({ "ETag": {
        "description": "The revision of what is shown. A later position behind it is that of a change to what is shown with it.",
        "schema": { "type": "string", "pattern": "^\"[0-9]+(-[0-9]+)?\"$" },
    } })
}

fn add_parameter(operation: &mut Value, name: &str, description: &str) {
    let parameter = json!({
        "name": name, "in": "header", "required": false, "description": description,
        "schema": { "type": "string", "pattern": TAGS },
    });
    if let Some(parameters) = operation["parameters"].as_array_mut() {
        parameters.push(parameter);
    }
}
