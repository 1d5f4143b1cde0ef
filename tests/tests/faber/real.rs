//! Real runs, plans and registries, and a whole run of the real emitter, published into a plane: what
//! is in the files comes out of the log and the views, and nothing comes out that is not in them.

use std::collections::BTreeSet;

use helmstream_core::faber::{Piece, Shape};
use helmstream_projections::run::{
    RunView,
    files::{Contradicts, FileSays},
    view::Stage,
};
use helmstream_schemas::{
    Record, Timestamp,
    deployment::DeploymentEvent,
    external::ExternalEvent,
    outcome::Outcome,
    run::{Ending, Phase, Place, RunEvent},
    words,
};
use helmstream_tests::{
    harness::TestPlane,
    publisher::Publisher,
    running::{ALL, Running},
};
use serde_json::{Value, json};

use super::data::{self, PROJECT};

/// Publishes; the outcome of each piece.
async fn publish(faber: &mut Publisher, pieces: &[Piece]) -> Vec<Outcome> {
    let mut sequences = Vec::new();
    for piece in pieces {
        sequences.push(faber.publish(&piece.event).await);
    }
    let mut outcomes = Vec::new();
    for sequence in sequences {
        outcomes.push(faber.hear(sequence).await);
    }
    outcomes
}

/// Publishes a second time: everything is known, and nothing is added.
async fn publish_again(plane: &Running, faber: &mut Publisher, pieces: &[Piece], subject: &str) {
    let before = plane.events(subject).await.len();
    for outcome in publish(faber, pieces).await {
        assert!(matches!(outcome, Outcome::DuplicateOf { .. }), "{outcome:?}");
    }
    assert_eq!(plane.events(subject).await.len(), before);
}

fn decoded<W: serde::de::DeserializeOwned>(record: &Record) -> W {
    let name = record.attributes.kind().expect("a type of ours").name;
    words::decode(&name, &record.payload).expect("a word of ours")
}

fn text(value: &Value, key: &str) -> Option<String> {
    value[key].as_str().map(str::to_owned)
}

fn at(value: &Value, key: &str) -> Option<Timestamp> {
    Timestamp::parse(value[key].as_str()?).ok()
}

fn place(phase: &str, step: Option<String>) -> Place {
    Place { phase: Some(Phase::read(phase)), phase_text: None, step }
}

/// What a stage of the view says: where, status, message, time.
type Told = (Place, Option<String>, Option<String>, Option<Timestamp>);

fn told(stage: &Stage) -> Told {
    let FileSays { status, message, completed_at, .. } =
        stage.file.clone().expect("a file tells of it");
    (stage.place.clone(), status, message, completed_at)
}

#[tokio::test]
async fn real_states_come_out_as_runs_with_every_phase_step_and_artifact() {
    let Some(folder) = data::folder() else { return };
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut met = 0;
    for (path, bytes) in data::files(&folder.join("faber/runs")) {
        let reading = data::reading(&format!(".fractary/runs/{path}"), &bytes);
        assert!(reading.shape.is_state(), "{path} is {:?}", reading.shape);
        let outcomes = publish(&mut faber, &reading.pieces).await;
        let [Outcome::Event { aggregate, .. }] = &outcomes[..] else { panic!("{outcomes:?}") };
        let run = plane.run(aggregate).await.expect("the run is in the view").run;
        compare(&data::json(&bytes), &run);
        publish_again(&plane, &mut faber, &reading.pieces, "evt.>").await;
        met += 1;
    }
    let count = plane.events("evt.run.>").await.len();
    assert_eq!(count, met, "one event for each state");
}

/// A state against the run as it is shown, both ways.
fn compare(state: &Value, run: &RunView) {
    let listed = |key: &str| state[key].as_array().cloned().unwrap_or_default();
    let phase = |phase: &Value| -> Told {
        let name = phase["name"].as_str().expect("a name");
        (place(name, None), text(phase, "status"), None, at(phase, "completed_at"))
    };
    let step = |step: &Value| -> Told {
        let name = step["phase"].as_str().expect("a phase");
        let place = place(name, text(step, "step_id"));
        (place, text(step, "status"), text(step, "message"), at(step, "completed_at"))
    };
    let phases: Vec<Told> = listed("phases").iter().map(phase).collect();
    let steps: Vec<Told> = listed("steps").iter().map(step).collect();
    assert!(!phases.is_empty() && !steps.is_empty());
    assert_eq!(run.phases.iter().map(told).collect::<Vec<_>>(), phases);
    assert_eq!(run.steps.iter().map(told).collect::<Vec<_>>(), steps);
    let mut made = listed("artifacts");
    if let Some(branch) = text(state, "branch") {
        made.push(json!({"type": "branch", "name": branch}));
    }
    if !state["pr_number"].is_null() || !state["pr_url"].is_null() {
        let number = &state["pr_number"];
        made.push(json!({"type": "pr", "name": format!("#{number}"), "url": state["pr_url"]}));
    }
    let told: Vec<Value> = run.artifacts.iter().map(|made| json!(made.artifact)).collect();
    assert_eq!(as_set(&told), as_set(&made));
    let summary = &run.summary;
    assert_eq!(summary.work_id, text(state, "work_id"));
    assert_eq!(summary.workflow_id, text(state, "workflow_id"));
    assert_eq!(summary.phase, text(state, "current_phase"));
    assert_eq!(summary.started_at, at(state, "started_at"));
    assert_eq!(summary.title.as_deref(), state["work_items"][0]["issue"]["title"].as_str());
    let over = Ending::of(state["status"].as_str().expect("a status")) == Ending::Completed;
    assert_eq!(summary.status.word(), if over { "completed" } else { "running" });
    assert_eq!(summary.claims, 0);
}

fn as_set(values: &[Value]) -> BTreeSet<String> {
    values.iter().map(Value::to_string).collect()
}

#[tokio::test]
async fn a_whole_run_of_the_real_emitter_comes_out_with_every_event_and_its_state_is_contradicted()
{
    let Some(folder) = data::folder() else { return };
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut files = data::files(&folder.join("golden/event-runs/sequential"));
    // The state is read last, as it was written last.
    files.sort_by_key(|(path, _)| path == "state.json");
    let mut pieces = Vec::new();
    let mut envelopes = Vec::new();
    for (path, bytes) in &files {
        let reading = data::reading(path, bytes);
        if reading.shape == Shape::Event {
            envelopes.push(data::json(bytes));
        }
        pieces.extend(reading.pieces);
    }
    assert_eq!((envelopes.len(), pieces.len()), (28, 30));
    for outcome in publish(&mut faber, &pieces).await {
        assert!(matches!(outcome, Outcome::Event { .. }), "{outcome:?}");
    }
    let name = envelopes[0]["run_id"].as_str().expect("a name");
    let run = plane.run(name).await.expect("the run is in the view").run;
    let claims: Vec<_> = run.timeline.iter().filter_map(|entry| entry.claim.as_ref()).collect();
    assert_eq!(claims.len(), envelopes.len());
    for (claim, envelope) in claims.iter().zip(&envelopes) {
        assert_eq!(Some(claim.number), envelope["event_id"].as_u64());
        assert_eq!(Some(claim.word.as_str()), envelope["type"].as_str());
        assert_eq!(claim.claimed_at, at(envelope, "timestamp"));
        assert_eq!(claim.status, text(envelope, "status"));
        assert_eq!(claim.message, text(envelope, "message"));
        assert_eq!(claim.duration_ms, envelope["duration_ms"].as_u64());
        assert_eq!(claim.artifacts.len(), envelope["artifacts"].as_array().map_or(0, Vec::len));
    }
    assert_eq!(run.summary.status.word(), "completed");
    let state = data::json(&files.last().expect("the state").1);
    let still = Contradicts::StillOpen {
        ending: Ending::Completed,
        status: text(&state, "status").expect("a status"),
    };
    assert_eq!(run.contradictions.iter().map(|c| &c.what).collect::<Vec<_>>(), [&still]);
    // What the run deployed is registered meanwhile, so only the run itself is looked at.
    publish_again(&plane, &mut faber, &pieces, &format!("evt.run.{name}")).await;
    let events = plane.events(&format!("evt.run.{name}")).await;
    let observed = events.iter().filter(|r| matches!(decoded(r), RunEvent::Observed(_))).count();
    assert_eq!(observed, 2, "the state, and what the run was begun with");
}

#[tokio::test]
async fn plans_and_registries_come_out_of_the_log_complete() {
    let Some(folder) = data::folder() else { return };
    let wanted = [
        Shape::Plan,
        Shape::PlanSimple,
        Shape::Deployments,
        Shape::DomainRegistry,
        Shape::DomainRegistrySpec,
        Shape::DomainEntry,
        Shape::Workflow,
    ];
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut pieces = Vec::new();
    let mut met = BTreeSet::new();
    for (path, bytes) in data::files(&folder) {
        let reading = data::reading(&path, &bytes);
        if wanted.contains(&reading.shape) {
            met.insert(reading.shape);
            pieces.extend(reading.pieces);
        }
    }
    assert_eq!(met.len(), wanted.len(), "{met:?}");
    for outcome in publish(&mut faber, &pieces).await {
        let kept = matches!(outcome, Outcome::Event { .. } | Outcome::ExternalFact { .. });
        assert!(kept, "{outcome:?}");
    }
    let (mut registered, mut kept) = (Vec::new(), Vec::new());
    for record in plane.events("evt.deployment.>").await {
        match decoded(&record) {
            DeploymentEvent::Registered(told) => registered.push(json!(told.deployment)),
            other => panic!("{other:?}"),
        }
    }
    for record in plane.events(&format!("evt.external./faber/{PROJECT}")).await {
        let ExternalEvent::Recorded(fact) = decoded(&record);
        kept.push(fact.data.expect("a file"));
    }
    assert_eq!(registered.len() + kept.len(), pieces.len(), "nothing more and nothing less");
    for piece in &pieces {
        let file = &piece.event["data"];
        let is_entry = piece.place.as_deref().is_some_and(|place| place.starts_with("deployment"));
        let found = if is_entry {
            registered.iter().any(|told| holds(told, &file["content"]))
        } else {
            kept.iter().any(|told| is_same(told, file))
        };
        assert!(found, "{file}");
    }
    publish_again(&plane, &mut faber, &pieces, "evt.>").await;
}

/// Whether a file came out as it went in, but for what the door takes out.
fn is_same(told: &Value, written: &Value) -> bool {
    match (told, written) {
        (Value::String(told), Value::String(written)) => {
            told == written || told.contains("person:") || told.contains("[removed: ")
        }
        (Value::Array(told), Value::Array(written)) => {
            told.len() == written.len() && told.iter().zip(written).all(|(a, b)| is_same(a, b))
        }
        (Value::Object(told), Value::Object(written)) => {
            told.len() == written.len()
                && written.iter().all(|(key, b)| told.get(key).is_some_and(|a| is_same(a, b)))
        }
        (told, written) => told == written,
    }
}

/// Whether every value of a registry's entry is somewhere in the deployment; its domain and its
/// environment are the unit's.
fn holds(told: &Value, entry: &Value) -> bool {
    fn texts(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
            Value::Object(held) => held.values().for_each(|item| texts(item, found)),
            other => drop(found.insert(other.to_string())),
        }
    }
    let mut entry = entry.clone();
    let held = entry.as_object_mut().expect("an entry");
    held.retain(|key, _| key != "domain" && key != "environment");
    let (mut written, mut found) = (BTreeSet::new(), BTreeSet::new());
    texts(&entry, &mut written);
    texts(told, &mut found);
    written.is_subset(&found)
}
