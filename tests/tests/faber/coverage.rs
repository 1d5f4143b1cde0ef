//! The table of what FABER's files and events become: that it names every shape and every type, that
//! what it says is so, that the tests it names are there, and that real files hold nothing else.

use std::collections::{BTreeMap, BTreeSet};

use helmstream_core::{
    door::{Admission, Arrival, Cleaner, Headers, admit},
    faber::Shape,
};
use helmstream_schemas::{ActorKind, Subject, Timestamp, faber::TYPES, run::RunCommand, words};
use helmstream_tests::{faber::said, tree};
use serde_json::{Value, json};

use super::data;

const GUIDE: &str = "docs/guides/faber.md";

/// A row of the guide: its name, what it becomes, and the rest.
struct Row {
    name: String,
    becomes: String,
    shown_by: Vec<String>,
}

/// The rows of the table under a heading; the column that says what a row becomes stands before the
/// last.
fn rows(heading: &str) -> Vec<Row> {
    let text = tree::text(GUIDE).expect("a text");
    let table = text.split("\n## ").find(|part| part.starts_with(heading)).expect("a heading");
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let [name, .., becomes, shown_by] = &cells[..] else { panic!("{line}") };
        let named = shown_by.split('`').filter(|part| part.contains("::"));
        Row {
            name: name.trim_matches('`').to_owned(),
            becomes: (*becomes).to_owned(),
            shown_by: named.map(str::to_owned).collect(),
        }
    };
    rows.map(row).collect()
}

fn names(rows: &[Row]) -> BTreeSet<&str> {
    let names: BTreeSet<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names.len(), rows.len(), "a row stands twice");
    names
}

fn admitted(event: &Value) -> Admission {
    let payload = event.to_string();
    let arrival = Arrival {
        publisher: "faber",
        actor: "service:faber",
        actor_kind: ActorKind::Service,
        inbox_sequence: 1,
        cause: None,
        received_at: Timestamp::parse("2026-03-01T10:00:00Z").expect("a time"),
        headers: &Headers::default(),
        payload: payload.as_bytes(),
    };
    admit(&arrival, &Cleaner::new(b"key"))
}

#[test]
fn the_table_has_a_row_for_every_shape_and_for_every_type_and_no_other() {
    let shapes = rows("Files");
    assert_eq!(names(&shapes), Shape::ALL.iter().map(|shape| shape.name()).collect());
    let types = rows("Events");
    assert_eq!(names(&types), TYPES.into_iter().collect());
    for row in &shapes {
        let shape = Shape::named(&row.name).expect("a shape");
        assert_eq!(row.becomes == "nothing", shape.says_nothing(), "{}", row.name);
    }
}

#[test]
fn every_type_becomes_what_the_table_says() {
    for row in rows("Events") {
        let more = json!({"phase": "build", "step": "test"});
        let Admission::Command(admitted) = admitted(&said("acme/shop/1", 4, &row.name, more))
        else {
            panic!("{} is no command", row.name);
        };
        let Ok(RunCommand::Report(report)) = words::decode("report", &admitted.command.payload)
        else {
            panic!("{} is no report", row.name);
        };
        let word = format!("`run.{}`", words::encode(&report.said).0);
        assert!(row.becomes.starts_with(&word), "{} becomes {word}, not {}", row.name, row.becomes);
    }
}

#[test]
fn every_test_that_the_table_names_is_there() {
    let rows = rows("Files").into_iter().chain(rows("Events"));
    for row in rows {
        assert!(!row.shown_by.is_empty(), "no test shows what becomes of {}", row.name);
        for test in row.shown_by {
            let (path, name) = test.split_once("::").expect("path::name");
            let text =
                tree::text(path).unwrap_or_else(|| panic!("{path} of {} is not there", row.name));
            assert!(text.contains(&format!("fn {name}(")), "{path} has no test {name}");
        }
    }
}

/// What is under `golden` in that folder was made by whoever collected it and is no file of FABER's,
/// but for the runs.
#[test]
fn real_files_are_all_of_a_shape_and_of_types_that_the_table_has() {
    let Some(folder) = data::folder() else { return };
    let (shapes, types) = (rows("Files"), rows("Events"));
    let (shapes, types) = (names(&shapes), names(&types));
    let mut met: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (path, bytes) in data::files(&folder) {
        let reading = data::reading(&path, &bytes);
        assert!(shapes.contains(reading.shape.name()), "{path} is {:?}", reading.shape);
        for piece in &reading.pieces {
            let kind = piece.event["type"].as_str().expect("a type");
            if let Some(word) = kind.strip_prefix("org.fractary.faber.") {
                assert!(types.contains(word), "{path} holds {word}");
            }
        }
        met.entry(reading.shape.name()).or_default().push(path);
    }
    assert_eq!(met.get("unreadable"), None);
    let unknown = met.remove("unknown").unwrap_or_default();
    let unknown: Vec<_> = unknown.iter().filter(|path| !path.starts_with("golden/")).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn every_name_of_a_run_that_faber_accepts_is_read_and_can_be_a_subject() {
    let Some(folder) = data::folder() else { return };
    let bytes = std::fs::read(folder.join("golden/run-ids.json")).expect("the names");
    let cases = data::json(&bytes);
    let mut accepted = 0;
    for case in cases.as_array().expect("a list") {
        let name = case["run_id"].as_str().expect("a text");
        let is_accepted = [&case["emitter_accepts"], &case["schema_accepts"]];
        if !is_accepted.contains(&&Value::Bool(true)) {
            continue;
        }
        accepted += 1;
        let Admission::Command(admitted) = admitted(&said(name, 1, "workflow_start", json!({})))
        else {
            panic!("{name} is not read");
        };
        let subject = admitted.command.subject();
        assert_eq!(subject.to_string().parse::<Subject>().as_ref(), Ok(&subject), "{name}");
        assert_eq!(admitted.names[0].as_str(), name);
    }
    assert!(accepted >= 5, "{accepted}");
}
