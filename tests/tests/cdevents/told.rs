//! What every event of the plane is told as: each sample of its words, kept as a text of ours and
//! judged by the specification's own schemas where they are there.

use helmstream_core::cdevents::{OutEvent, cdevents_of};
use helmstream_schemas::{
    Attributes, Context, Id, Record, Subject, Timestamp, attributes as ce, catalog,
};
use helmstream_tests::tree;
use serde_json::{Value, json};

use super::{golden, schema};

/// A sample as a record of EVENTS.
fn record(context: Context, name: &str, payload: &str) -> Record {
    let mut attributes = Attributes::default();
    attributes.set(ce::ID, "00000000-0000-0000-0000-000000000029");
    attributes.set(ce::TYPE, format!("helmstream.{context}.{name}.v1"));
    attributes.set(ce::CAUSATIONID, "00000000-0000-0000-0000-000000000017");
    attributes.set(ce::CORRELATIONID, "acme/shop/1");
    let id = Id::new("application/prod/shop").expect("an id");
    Record {
        stream: "EVENTS".into(),
        subject: Subject::Event { context, id }.to_string(),
        sequence: 41,
        recorded_at: Timestamp::parse("2026-03-01T10:00:00Z").expect("an instant"),
        attributes,
        payload: payload.as_bytes().to_vec(),
    }
}

/// The sample itself; and of a deployment, which is told as what it was, each that it can have been.
fn variants(kind: &str, payload: &str) -> Vec<String> {
    if kind != "helmstream.deployment.registered.v1" {
        return vec![payload.to_owned()];
    }
    let of = |over: Value| {
        let mut event: Value = serde_json::from_str(payload).expect("JSON");
        event.as_object_mut().expect("an object").remove("superseded_by");
        event["supersedes"] = over["supersedes"].clone();
        if let Some(kind) = over.get("type") {
            event["deployment"]["rest"] =
                json!({"cdevent": {"context": {"id": "c-1", "type": kind}}});
        }
        event.to_string()
    };
    let rolled_back = "dev.cdevents.service.rolledback.0.2.0";
    vec![
        of(json!({})),
        of(json!({"supersedes": "d-1"})),
        of(json!({"supersedes": "d-1", "type": rolled_back})),
    ]
}

#[test]
fn every_event_is_told_in_words_that_the_specification_takes_or_not_at_all() {
    let folder = schema::folder();
    let mut found = String::new();
    for word in catalog::catalog().iter().filter(|word| word.role == catalog::Role::Event) {
        let start = format!("schemas/samples/{}/event.{}.", word.context, word.name);
        // A refusal can be any context's.
        let context = Context::named(&word.context).unwrap_or(Context::Run);
        for path in tree::files().into_iter().filter(|path| path.starts_with(&start)) {
            let payload = tree::text(&path).expect("a text");
            let file = path.trim_start_matches("schemas/samples/");
            let variants = variants(&word.kind, &payload);
            let told: Vec<OutEvent> = variants
                .iter()
                .flat_map(|payload| {
                    cdevents_of(&record(context, &word.name, payload)).expect("a good sample")
                })
                .collect();
            if told.is_empty() {
                found.push_str(&format!("{file}: nothing\n"));
            }
            for out in told {
                let shown = serde_json::to_string_pretty(&out.event).expect("JSON");
                found.push_str(&format!("{file}: {}\n{shown}\n", out.kind));
                assert_eq!(out.attributes.get(ce::TYPE), out.event["context"]["type"].as_str());
                if let Some(folder) = &folder {
                    let schema = schema::of_type(folder, &out.kind);
                    let faults = schema::faults(folder, &schema, &out.event, "");
                    assert!(faults.is_empty(), "{path}: {faults:?}");
                }
            }
        }
    }
    golden::same("told.txt", &found);
}
