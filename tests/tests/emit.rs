//! What is emitted against FABER's own files, where they lie beside the checkout: its schema of
//! events, and the run ids that its emitter was seen to take and to refuse.

use std::{fs, path::Path};

use helmstream_core::emit::{Answer, approval_event, is_run_id};
use helmstream_schemas::{
    Actor, ActorKind, Id, Timestamp,
    run::{Phase, Place},
};
use serde_json::{Map, Value};

const RUN: &str = "acme/shop/5d0f0d1e-7a61-4a5e-9a0e-1f6d3f0b2c11";

/// A file of FABER's; `None`, said plainly, where there is none.
fn upstream(path: &str) -> Option<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/faber").join(path);
    let Ok(text) = fs::read_to_string(&file) else {
        eprintln!("skipped: there is no {}", file.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// Every answer there can be: in each phase and none, with a step and without, granted and denied.
fn emitted() -> Vec<Value> {
    use Phase::{Architect, Build, Evaluate, Frame, Other, Release};
    let phases = [None, Some(Frame), Some(Architect), Some(Build), Some(Evaluate), Some(Release)];
    let places = phases.into_iter().chain([Some(Other)]).flat_map(|phase| {
        [None, Some("deploy".to_owned())].map(|step| Place { phase, phase_text: None, step })
    });
    let answers = places.flat_map(|place| [true, false].map(|granted| (place.clone(), granted)));
    let event = |(place, granted): (Place, bool)| {
        let answer = Answer {
            approval: &Id::new("an approval").expect("an id"),
            run: &Id::new(RUN).expect("an id"),
            place: &place,
            granted,
            round: 1,
            asked_number: Some(20),
            by: &Actor { id: "operator".into(), kind: ActorKind::Human },
            at: Timestamp::from_nanos(1_760_000_000_123_456_789),
            reason: Some("looks good"),
        };
        approval_event(22, answer).expect("it can be said")
    };
    answers.map(event).collect()
}

/// The schema has two patterns: the ending of a type, and the form of a run's id, whose cases are
/// compared one by one below.
fn matches(pattern: &str, text: &str) -> bool {
    let is_plain = |end: &str| end.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    match pattern.strip_suffix('$') {
        Some(end) if is_plain(end) => text.ends_with(end),
        _ => is_run_id(text),
    }
}

/// What of a schema a value breaks, as far as FABER's schema of events goes.
fn broken(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let mut rule = |name: &str, holds: bool| {
        if !holds {
            broken.push(format!("{at}: {name} of {value}"));
        }
    };
    let texts = |key: &str| -> Vec<String> {
        let list = schema.get(key).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|text| Some(text.as_str()?.to_owned())).collect()
    };
    if let Some(kind) = schema.get("type").and_then(Value::as_str) {
        rule(
            "type",
            match kind {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64() || value.is_u64(),
                "boolean" => value.is_boolean(),
                other => panic!("the schema has a type `{other}`, which is not read here"),
            },
        );
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        rule("enum", words.contains(value));
    }
    if let Some(wanted) = schema.get("const") {
        rule("const", wanted == value);
    }
    if let Some(minimum) = schema.get("minimum").and_then(Value::as_i64) {
        rule("minimum", value.as_i64().is_none_or(|number| number >= minimum));
    }
    if let (Some(pattern), Some(text)) =
        (schema.get("pattern").and_then(Value::as_str), value.as_str())
    {
        rule("pattern", matches(pattern, text));
    }
    if schema.get("format").is_some_and(|format| format == "date-time") {
        rule("format", value.as_str().is_some_and(|text| Timestamp::parse(text).is_ok()));
    }
    let empty = Map::new();
    let held = value.as_object().unwrap_or(&empty);
    for required in texts("required") {
        rule(&format!("required {required}"), held.contains_key(&required));
    }
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    for (key, value) in held {
        if let Some(schema) = properties.get(key) {
            broken.extend(self::broken(schema, value, &format!("{at}/{key}")));
        }
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        if self::broken(&part["if"], value, at).is_empty() {
            broken.extend(self::broken(&part["then"], value, at));
        }
    }
    broken
}

#[test]
fn every_answer_that_is_emitted_is_an_event_by_fabers_schema() {
    let Some(schema) = upstream("faber/schemas/event.schema.json") else { return };
    let known = schema["properties"].as_object().expect("an object");
    for event in emitted() {
        assert_eq!(broken(&schema, &event, ""), [""; 0], "{event}");
        for key in event.as_object().expect("an object").keys() {
            assert!(known.contains_key(key), "{key} is none of the schema's");
        }
    }
    let mut wrong = emitted().remove(0);
    wrong["type"] = "workflow_error".into();
    wrong["run_id"] = "shop-42".into();
    wrong["timestamp"] = "2026-05-04 03:02".into();
    assert_eq!(broken(&schema, &wrong, "").len(), 3, "the schema is read at all");
}

#[test]
fn every_run_that_is_taken_here_is_taken_by_fabers_emitter_and_schema() {
    let Some(cases) = upstream("golden/run-ids.json") else { return };
    let mut taken = 0;
    for case in cases.as_array().expect("a list") {
        let run = case["run_id"].as_str().expect("a text");
        let both = case["emitter_accepts"] == true && case["schema_accepts"] == true;
        assert!(!is_run_id(run) || both, "{run} is taken here and not there");
        taken += usize::from(is_run_id(run));
    }
    assert!(taken > 1, "{taken} of the cases are taken");
}
