//! What a path says of a file, and the files that describe, begin or mark others: schemas, presets,
//! templates, prose, locks. None of them says that anything happened.

use serde_json::{Map, Value};

use super::Shape;

/// How a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Json,
    Lines,
    /// Settings, perhaps.
    Text,
    Nothing(Shape),
}

/// By the path alone.
pub(super) fn kind(path: &str) -> Kind {
    let name = name(path).to_ascii_lowercase();
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "lock" | "tmp" | "next-id" | "active-run-id" => Kind::Nothing(Shape::Marker),
        "md" | "markdown" => Kind::Nothing(Shape::Markdown),
        _ if name.starts_with(".run-") => Kind::Nothing(Shape::Marker),
        "json" => Kind::Json,
        "jsonl" | "ndjson" => Kind::Lines,
        "toml" | "yaml" | "yml" => Kind::Text,
        _ => Kind::Nothing(Shape::Foreign),
    }
}

/// What an object is, if it describes others.
pub(super) fn shape(path: &str, held: &Map<String, Value>) -> Option<Shape> {
    let has = |key: &str| held.contains_key(key);
    let schema = held.get("$schema").and_then(Value::as_str).unwrap_or_default();
    if schema.contains("json-schema.org") || (has("properties") && (has("$id") || has("allOf"))) {
        return Some(Shape::Schema);
    }
    // Whatever is about something of its own is no form, wherever it lies and whatever it is called.
    let about = ["run_id", "plan_id", "entity_id", "issue_id", "deployments"];
    if !about.iter().any(|key| has(key)) {
        if path.split('/').any(|part| part == "presets") {
            return Some(Shape::Preset);
        }
        if is_template(path) {
            return Some(Shape::Template);
        }
    }
    let parts = ["commands", "agents", "skills"];
    if has("name") && has("version") && parts.iter().any(|key| has(key)) {
        return Some(Shape::Manifest);
    }
    let is_code = |key: &String| key.to_uppercase().starts_with("FABER-");
    let words = has("schema") && has("examples");
    (words || (!held.is_empty() && held.keys().all(is_code))).then_some(Shape::Vocabulary)
}

/// What a text in TOML or YAML is.
pub(super) fn settings(path: &str, text: &str) -> Shape {
    if is_settings(path) {
        return Shape::Settings;
    }
    let mut lines = text.lines().map(str::trim);
    let opening = text.lines().take_while(|line| line.starts_with('#'));
    let is_preset = path.split('/').any(|part| part == "presets")
        || opening.clone().any(|line| line.to_ascii_lowercase().contains("preset:"))
        || opening.clone().any(|line| line.to_ascii_lowercase().contains(" preset"));
    if is_preset {
        return Shape::Preset;
    }
    if is_template(path) {
        return Shape::Template;
    }
    let is_of = |heads: &[&str], line: &str| {
        let head = line.trim_start_matches('[').split([']', '.', ':']).next().unwrap_or_default();
        line.starts_with('[') && heads.contains(&head.trim())
    };
    if lines.clone().any(|line| is_of(&["helm", "helm-cloud", "monitoring", "slos", "rules"], line))
    {
        return Shape::HelmSettings;
    }
    let is_faber = |line: &str| {
        is_of(&["workflow", "faber", "defaults", "project"], line)
            || (path.contains(".fractary/") && line.starts_with("faber:"))
            || line == "faber:"
    };
    if lines.any(is_faber) {
        return Shape::Settings;
    }
    let is_form = text.lines().any(|line| line.starts_with("body:"));
    if is_form { Shape::Template } else { Shape::Foreign }
}

/// Whether a path is one at which FABER's settings lie.
pub(super) fn is_settings(path: &str) -> bool {
    matches!(name(path), ".faber.config.toml" | "faber.toml")
        || path == ".fractary/config.yaml"
        || path.ends_with("/.fractary/config.yaml")
}

/// What a log is of which no line tells.
pub(super) fn log_of(path: &str) -> Shape {
    let name = name(path).to_ascii_lowercase();
    match name.as_str() {
        _ if name.starts_with("events") => Shape::EventLog,
        _ if name.starts_with("changelog") => Shape::Changelog,
        _ => Shape::Unknown,
    }
}

/// Whether a path is that of one event of a run.
pub(super) fn is_event_file(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    parts.next().is_some_and(|name| number(name).is_some()) && parts.next() == Some("events")
}

/// The key by which files are read in the order in which they were written: their folder, and the
/// number with which their name begins. A name with four digits comes after one with three.
pub fn order(path: &str) -> (&str, u64, &str) {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    (folder, number(name).unwrap_or(u64::MAX), name)
}

fn number(name: &str) -> Option<u64> {
    let (digits, _) = name.split_once('-')?;
    digits.parse().ok()
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A name such as `settings.template.toml`.
fn is_template(path: &str) -> bool {
    name(path).split('.').any(|part| matches!(part, "template" | "example" | "sample"))
}
