//! Files as they are met: given this path and these bytes, this shape and these events.

use helmstream_schemas::limits::PUBLISH_BYTES_MAX;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    door::{FILE, QUARANTINE},
    limits::QUARANTINE_BYTES_MAX,
};

fn file<'a>(path: &'a str, bytes: &'a [u8]) -> File<'a> {
    File { path, bytes, written_at: None, commit: None }
}

fn bytes(path: &str, bytes: &[u8]) -> Reading {
    read("shop", &file(path, bytes))
}

fn json(path: &str, value: &Value) -> Reading {
    bytes(path, value.to_string().as_bytes())
}

fn shape(path: &str, value: Value) -> Shape {
    json(path, &value).shape
}

fn ids(reading: &Reading) -> Vec<&str> {
    reading.pieces.iter().map(|piece| piece.event["id"].as_str().unwrap()).collect()
}

fn envelope(number: u64) -> Value {
    json!({
        "event_id": number, "type": "step_start", "timestamp": "2026-03-01T10:00:00+01:00",
        "run_id": "acme/shop/1", "phase": "build", "step": "test"
    })
}

#[test]
fn an_event_is_the_same_event_in_a_file_of_its_own_and_in_a_log() {
    let alone = json("runs/1/events/004-step_start.json", &envelope(4));
    assert_eq!(alone.shape, Shape::Event);
    let event = &alone.pieces[0].event;
    assert_eq!(event["type"], "org.fractary.faber.step_start");
    assert_eq!(event["source"], "/faber/shop");
    assert_eq!(event["time"], "2026-03-01T09:00:00Z");
    assert_eq!(event["data"], envelope(4), "the envelope is untouched");
    assert!(ids(&alone)[0].starts_with("acme/shop/1#4#"), "{event}");
    let log = format!("{}\r\n\r\n{}\r\n", envelope(3), envelope(4));
    let log = bytes("runs/1/events.jsonl", log.as_bytes());
    assert_eq!(log.shape, Shape::EventLog);
    let places: Vec<_> = log.pieces.iter().map(|piece| piece.place.as_deref()).collect();
    assert_eq!(places, [Some("line 1"), Some("line 3")]);
    assert_eq!(log.pieces[1].event, alone.pieces[0].event);
    let list = json("runs/1/events.json", &json!([envelope(3), envelope(4)]));
    assert_eq!((list.shape, ids(&list)), (Shape::EventLog, ids(&log)));
}

#[test]
fn two_events_of_one_number_are_two_and_a_time_without_a_zone_is_none() {
    let mut other = envelope(4);
    other["timestamp"] = json!("2026-03-01T10:00:00");
    let (one, other) = (json("events/004-a.json", &envelope(4)), json("events/004-b.json", &other));
    assert_ne!(ids(&one), ids(&other));
    assert_eq!(other.pieces[0].event.get("time"), None);
}

#[test]
fn the_four_forms_of_a_state_are_told_apart_by_their_keys() {
    let with = |phases: Value, over: Value| {
        let mut state = json!({"run_id": "r", "status": "in_progress", "phases": phases});
        state.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
        shape("x.json", state)
    };
    let build = |held: Value| json!({ "build": held });
    assert_eq!(
        with(build(json!({"status": "pending", "steps": []})), json!({})),
        Shape::StateNested
    );
    assert_eq!(with(json!([{"name": "build"}]), json!({"steps": []})), Shape::StateListed);
    assert_eq!(with(json!({}), json!({"steps": [{"step_id": "a"}]})), Shape::StateListed);
    assert_eq!(
        with(build(json!({"steps": {"a": {"status": "ok"}}})), json!({})),
        Shape::StateKeyed
    );
    assert_eq!(with(build(json!({"completed_step_ids": ["build:a"]})), json!({})), Shape::StateIds);
    assert_eq!(
        shape("x.json", json!({"Run_ID": "r", "STATUS": "x", "Steps": []})),
        Shape::StateListed
    );
}

#[test]
fn what_a_file_is_is_told_by_its_content() {
    let cases = [
        (json!({"run_id": "r", "workflow_id": "w", "source_type": "manual"}), Shape::Metadata),
        (
            json!({"event_id": "evt_1", "run_id": "r", "event_type": "CODE_MERGED"}),
            Shape::Changelog,
        ),
        (json!({"id": "p", "workflow": {}, "items": [], "execution": {}}), Shape::Plan),
        (json!({"plan_id": "p", "phases": {}, "rationale": "r"}), Shape::PlanSimple),
        (
            json!({"plan_id": "p", "phases": [], "created_at": "t", "workflow": "w"}),
            Shape::PlanSimple,
        ),
        (json!({"id": "w", "phases": {}, "autonomy": {}}), Shape::Workflow),
        (json!({"deployments": []}), Shape::Deployments),
        (json!({"project": "shop", "resources": []}), Shape::CloudRegistry),
        (json!({"project": "shop", "resources": {"a": {}}}), Shape::CloudRegistry),
        (json!({"last_updated": "t", "issues": []}), Shape::CloudIssues),
        (json!({"entity_id": "1", "entity_type": "post", "step_status": {}}), Shape::Entity),
        (
            json!({"entity_id": "1", "entity_type": "post", "step_history": []}),
            Shape::EntityHistory,
        ),
        (json!({"worktrees": []}), Shape::Worktrees),
        (json!({"environments": {"test": {}}}), Shape::Environments),
        (json!({"monitors": [{"commands": {}}]}), Shape::DomainRegistry),
        (json!({"monitors": [{"slos": {}}]}), Shape::DomainRegistrySpec),
        (json!({"domain": "data", "plugin": "p", "capabilities": []}), Shape::DomainEntry),
        (json!({"summary": {}, "resources": []}), Shape::HealthReport),
        (json!({"overall_health": "HEALTHY", "resources": {"total": 3}}), Shape::HealthReport),
        (json!({"issue_id": "i", "issue": {}, "remediation": {}}), Shape::Issue),
        (json!({"id": "i", "severity": "HIGH", "title": "t"}), Shape::IssueFlat),
        (json!({"issue_id": "i", "root_cause": "c"}), Shape::Incident),
        (json!({"issue_id": "i", "remediation_id": "m"}), Shape::Remediation),
        (json!({"dashboard": {}}), Shape::Dashboard),
        (json!({"overall_health": "HEALTHY", "domains": []}), Shape::Dashboard),
        (
            json!({"event_type": "entity.created", "event_id": "e", "entity": {}}),
            Shape::EntityEvent,
        ),
        (json!({"status": "success", "message": "m"}), Shape::Answer),
        (json!({"$schema": "http://json-schema.org/draft-07/schema#"}), Shape::Schema),
        (json!({"name": "p", "version": "1", "skills": "./skills/"}), Shape::Manifest),
        (json!({"FABER-001": {}}), Shape::Vocabulary),
        (json!({"a": 1}), Shape::Unknown),
        (json!([{"a": 1}]), Shape::Unknown),
    ];
    for (value, expected) in cases {
        let reading = json("any/name.json", &value);
        assert_eq!(reading.shape, expected, "{value}");
        let said = !reading.pieces.is_empty() || value == json!({"deployments": []});
        assert_eq!(said, !expected.says_nothing(), "{value}");
    }
    let index = shape(".fractary/faber/entities/_indices/by-status.json", json!({"open": ["1"]}));
    assert_eq!(index, Shape::EntityIndex);
}

#[test]
fn what_is_no_json_is_told_by_its_path_and_its_words() {
    let settings = b"[workflow.release]\nregister_deployment = true\n";
    let cases: [(&str, &[u8], Shape); 13] = [
        (".faber.config.toml", settings, Shape::Settings),
        (".fractary/config.yaml", b"version: '2.0'\n", Shape::Settings),
        ("helm/monitoring.toml", b"[slos.lambda]\nerrors = 1\n", Shape::HelmSettings),
        ("rules.toml", b"[[rules]]\nname = 'a'\n", Shape::HelmSettings),
        ("presets/basic.toml", settings, Shape::Preset),
        ("basic.toml", b"# FABER Preset: basic\n[project]\n", Shape::Preset),
        ("a.example.toml", settings, Shape::Template),
        ("form.yml", b"name: x\nbody:\n  - a\n", Shape::Template),
        ("Cargo.toml", b"[package]\n", Shape::Foreign),
        ("README.md", b"", Shape::Markdown),
        ("events/.next-id", b"29", Shape::Marker),
        ("runs/.run-2026-03-01T10-00-00Z", b"", Shape::Marker),
        ("logo.png", b"\x89PNG", Shape::Foreign),
    ];
    for (path, content, expected) in cases {
        let reading = bytes(path, content);
        assert_eq!(reading.shape, expected, "{path}");
        assert_eq!(reading.pieces.is_empty(), expected.says_nothing(), "{path}");
    }
    let kept = &bytes(".faber.config.toml", settings).pieces[0].event["data"];
    assert_eq!(kept["content"], String::from_utf8_lossy(settings).as_ref());
    assert_eq!(bytes(".faber.config.toml", b"\xff").shape, Shape::Unreadable);
}

#[test]
fn what_is_about_something_of_its_own_is_no_template_whatever_its_name() {
    let entity = json!({"entity_id": "shop.example", "entity_type": "presets", "status": "open"});
    assert_eq!(shape("entities/presets/shop.example.json", entity), Shape::Entity);
    assert_eq!(
        shape("config/state.example.json", json!({"status": "x", "phases": {}})),
        Shape::Template
    );
}

#[test]
fn a_file_that_cannot_be_read_is_quarantined_with_its_reason_and_its_bytes() {
    let cases: [(&[u8], &str); 5] = [
        (b"", "the file is empty"),
        (b"\n", "the file is empty"),
        (b"{\"run_id\": ", "EOF while parsing"),
        (b"{\"a\": \"\xff\\\"}", "byte 7 is not UTF-8"),
        (b"{\"a\": 1, \"a\": 2}", "stands twice"),
    ];
    for (content, reason) in cases {
        for path in ["events/000-checkpoint.json", "events.jsonl"] {
            let reading = bytes(path, content);
            let piece = &reading.pieces[0];
            assert!(piece.quarantined.as_ref().unwrap().contains(reason), "{path} {piece:?}");
            assert_eq!(piece.event["type"], QUARANTINE);
            assert_eq!(piece.event["data"]["path"], path);
            assert_eq!(reading.pieces.len(), 1);
        }
    }
    let data = &bytes("a.json", b"{\"a\": \"\xff\\\"}").pieces[0].event["data"];
    assert_eq!(data["text"], r#"{"a": "\xff\\"}"#);
    assert_eq!(data["bytes"], 11);
}

#[test]
fn a_line_that_cannot_be_read_takes_no_other_with_it() {
    let log = format!("{}\n{{\"event_id\n{}", envelope(1), envelope(3));
    let reading = bytes("events.jsonl", log.as_bytes());
    assert_eq!(reading.shape, Shape::EventLog);
    let bad = &reading.pieces[1];
    assert_eq!(bad.place.as_deref(), Some("line 2"));
    assert_eq!(bad.event["data"]["place"], "line 2");
    assert!(bad.quarantined.is_some() && reading.pieces[2].quarantined.is_none());
    assert_eq!(bytes("events.jsonl", b"{").shape, Shape::EventLog, "told by its name");
}

#[test]
fn a_mark_before_utf_8_and_other_line_ends_are_read() {
    let text = format!("\u{feff}{}\r\n", serde_json::to_string_pretty(&envelope(4)).unwrap());
    let marked = bytes("events/004-a.json", text.replace('\n', "\r\n").as_bytes());
    assert_eq!(ids(&marked), ids(&json("events/004-a.json", &envelope(4))));
    let log = bytes("events.json", format!("{}\n{}\n", envelope(1), envelope(2)).as_bytes());
    assert_eq!((log.shape, log.pieces.len()), (Shape::EventLog, 2), "lines under another name");
}

#[test]
fn a_large_file_is_kept_in_part_with_its_length_and_digest() {
    let large = format!("\"{}\"", "x".repeat(PUBLISH_BYTES_MAX));
    let piece = bytes("large.json", large.as_bytes()).pieces.remove(0);
    assert!(piece.quarantined.unwrap().contains("over the limit"));
    let data = &piece.event["data"];
    assert_eq!(data["bytes"], large.len());
    assert_eq!(data["text"].as_str().unwrap().len(), QUARANTINE_BYTES_MAX);
    assert_eq!(data["sha256"], helmstream_schemas::Hash::of(large.as_bytes()).to_string());
    let worst = bytes("worst.json", &[0; PUBLISH_BYTES_MAX]).pieces.remove(0);
    assert!(worst.event.to_string().len() <= PUBLISH_BYTES_MAX);
}

#[test]
fn a_registry_is_published_entry_by_entry_and_with_what_stands_beside_them() {
    let registry = json!({"version": "1", "deployments": [{"id": "d-1", "n": 1}, {"n": 2}]});
    let reading = json("registry.json", &registry);
    let pieces: Vec<_> = reading
        .pieces
        .iter()
        .map(|p| (p.place.as_deref().unwrap(), &p.event["data"]["content"]))
        .collect();
    let expected = [
        ("deployment d-1", &json!({"id": "d-1", "n": 1})),
        ("deployment 2", &json!({"n": 2})),
        ("head", &json!({"version": "1"})),
    ];
    assert_eq!(pieces, expected);
}

/// Whatever is different about a reading is in the id, so that nothing comes twice under one id
/// with other content.
#[test]
fn a_file_read_again_gives_the_same_ids_and_what_is_dated_another_day_gives_others() {
    let at = |minute: i64| Some(Timestamp::from_nanos(minute * 60_000_000_000));
    let of = |value: &Value, written_at, commit: Option<&str>| {
        let commit = commit.map(|id| Commit { id: id.into(), committed_at: at(9).unwrap() });
        let bytes = value.to_string();
        let file = File { path: "x.json", bytes: bytes.as_bytes(), written_at, commit };
        read("shop", &file).pieces.remove(0).event
    };
    let plan = json!({"id": "p", "workflow": {}, "items": []});
    assert_eq!(of(&plan, at(1), None), of(&plan, at(2), None), "a plan is not dated by its file");
    let state = json!({"run_id": "r", "status": "s", "phases": {}});
    let (first, again) = (of(&state, at(1), None), of(&state, at(2), None));
    assert_eq!(of(&state, at(1), None), first);
    assert_ne!(first["id"], again["id"]);
    assert_eq!(first["data"]["written_at"], "1970-01-01T00:01:00Z");
    let held = of(&state, at(1), Some("c1"));
    assert_eq!(held, of(&state, at(2), Some("c1")), "a commit says when; its checkout does not");
    assert_eq!(held["data"]["commit"]["id"], "c1");
    assert_ne!(held["id"], of(&state, at(1), Some("c2"))["id"]);
    assert_eq!(held["type"], FILE);
}

#[test]
fn an_id_always_fits_an_attribute() {
    let mut event = envelope(4);
    event["run_id"] = json!("ä".repeat(5_000));
    event["type"] = json!("t".repeat(5_000));
    let path = format!("{}/events/004-x.json", "d".repeat(5_000));
    for piece in [json(&path, &event), json(&path, &json!({}))].map(|mut r| r.pieces.remove(0)) {
        let long = |name: &str| piece.event[name].as_str().unwrap().len();
        assert!(long("id") < 2_048 && long("type") < 2_048, "{}", long("id"));
    }
}

#[test]
fn files_are_ordered_by_the_number_in_their_name() {
    let mut paths = ["e/1000-a.json", "e/999-b.json", "e/x.json", "e/002-a.json"];
    paths.sort_by_key(|path| order(path));
    assert_eq!(paths, ["e/002-a.json", "e/999-b.json", "e/1000-a.json", "e/x.json"]);
}

#[test]
fn every_shape_has_a_name_of_its_own() {
    for shape in Shape::ALL {
        assert_eq!(Shape::named(shape.name()), Some(shape));
    }
}

proptest! {
    #[test]
    fn whatever_the_bytes_are_they_are_read_the_same_way_twice_and_can_be_published(
        path in "[a-z/.{}-]{0,12}(\\.json|\\.jsonl|\\.toml|/events/004-x\\.json|)",
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        text in r#"[{}\[\]",:\\ \n0-9a-z_]{0,40}"#,
    ) {
        for content in [&bytes[..], text.as_bytes()] {
            let reading = super::read("shop", &file(&path, content));
            prop_assert_eq!(&reading, &super::read("shop", &file(&path, content)));
            prop_assert!(!reading.shape.says_nothing() || reading.pieces.is_empty());
            for piece in reading.pieces {
                prop_assert_eq!(piece.quarantined.is_some(), piece.event["type"] == QUARANTINE);
                prop_assert!(piece.event["id"].as_str().is_some_and(|id| id.len() < 2_048));
            }
        }
    }
}
