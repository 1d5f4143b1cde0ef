//! What every sample of the specification becomes at the door, as one table.

use std::fmt::Write;

use helmstream_core::door::{Admission, Arrival, Cleaner, Headers, admit};
use helmstream_schemas::{
    ActorKind, Timestamp,
    run::{Report, RunCommand},
    words,
};
use serde_json::Value;

use super::{golden, schema};

/// What the door makes of a CDEvent in the data of a CloudEvent, in binary mode.
fn admitted(event: &Value) -> Admission {
    let context = |name: &str| event["context"][name].as_str().expect("a text").to_owned();
    let (id, source, kind) = (context("id"), context("source"), context("type"));
    let headers = Headers::of([
        ("ce-specversion", "1.0"),
        ("ce-id", &id),
        ("ce-source", &source),
        ("ce-type", &kind),
        ("content-type", "application/cdevents+json"),
    ]);
    let payload = event.to_string();
    let arrival = Arrival {
        publisher: "faber",
        actor: "faber",
        actor_kind: ActorKind::Service,
        inbox_sequence: 1,
        received_at: Timestamp::parse("2026-03-01T10:00:00Z").expect("an instant"),
        cause: None,
        headers: &headers,
        payload: payload.as_bytes(),
    };
    admit(&arrival, &Cleaner::new(b"key"))
}

/// A command by its name, and a report by what is said.
fn told(admission: Admission) -> String {
    let Admission::Command(admitted) = admission else { panic!("{admission:?}") };
    let command = admitted.command;
    let named = format!("{}.{}", command.context, command.name);
    match words::decode::<RunCommand>(&command.name, &command.payload) {
        Ok(RunCommand::Report(report)) => {
            let Report { said, .. } = *report;
            format!("{named} {}", words::encode(&said).0)
        }
        _ => named,
    }
}

#[test]
fn every_sample_of_the_specification_becomes_what_the_table_says() {
    let Some(folder) = schema::folder() else { return };
    let samples = std::fs::read_dir(folder.join("conformance")).expect("a folder");
    let mut paths: Vec<_> = samples.map(|entry| entry.expect("an entry").path()).collect();
    paths.push(folder.join("custom/conformance.json"));
    let mut lines: Vec<String> = paths
        .iter()
        .map(|path| {
            let event = schema::json(path);
            let kind = event["context"]["type"].as_str().expect("a type").to_owned();
            let faults = schema::faults(&folder, &schema::of_type(&folder, &kind), &event, "");
            assert!(faults.is_empty(), "{path:?} is no good sample: {faults:?}");
            format!("{kind:<50} {}", told(admitted(&event)))
        })
        .collect();
    lines.sort();
    let mut table = String::new();
    lines.iter().for_each(|line| writeln!(table, "{line}").expect("a text takes it"));
    golden::same("becomes.txt", &table);
}
