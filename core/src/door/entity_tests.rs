//! What events of entities become: told of a run, or kept as facts, and the same by whichever way.

use helmstream_schemas::{
    ActorKind, Context, Timestamp,
    external::ExternalCommand,
    run::{Observe, Phase, RunCommand, Told},
    words,
};
use serde_json::{Value, json};

use super::*;
use crate::{
    Decider,
    door::{Admission, Admitted, Arrival, Cleaner, Headers, admit},
    faber::{self as files, File},
    run::{Run, RunState},
};

fn told(kind: &str) -> Value {
    json!({
        "event_type": kind, "event_id": "evt_2026-03-01T09:59:00Z_q7", "timestamp": "2026-03-01T09:59:00Z",
        "source": { "organization": "acme", "project": "shop", "hostname": "build-4" },
        "entity": { "organization": "acme", "project": "shop", "type": "page", "id": "page-7" },
        "step": {
            "step_id": "build-page", "step_type": "build", "execution_status": "completed",
            "outcome_status": "success", "phase": "build", "run_id": "acme/shop/7",
            "work_id": 42, "workflow_id": "pages", "duration_ms": 1_200, "retry_count": 0
        },
        "entity_snapshot": { "status": "in_progress", "step_status_summary": { "completed": 3 } }
    })
}

fn admitted(payload: &Value) -> Admitted {
    let payload = payload.to_string();
    let arrival = Arrival {
        publisher: "http:sender",
        actor: "sender",
        actor_kind: ActorKind::Service,
        inbox_sequence: 3,
        received_at: Timestamp::parse("2026-03-01T10:00:00Z").unwrap(),
        cause: None,
        headers: &Headers::default(),
        payload: payload.as_bytes(),
    };
    match admit(&arrival, &Cleaner::new(b"key")) {
        Admission::Command(admitted) => *admitted,
        Admission::Dead(dead) => panic!("{dead:?}"),
    }
}

fn sent(body: &Value) -> Admitted {
    admitted(&json!({
        "specversion": "1.0", "id": body["event_id"], "source": "/faber/acme/shop",
        "type": ENTITY_EVENT, "subject": "page-7", "data": body
    }))
}

/// The same as it lies in a project's folder.
fn in_a_file(body: &Value) -> Admitted {
    let bytes = body.to_string().into_bytes();
    let path = "logs/entities/page-7.json";
    let read = files::read("shop", &File { path, bytes: &bytes, written_at: None, commit: None });
    admitted(&read.pieces[0].event)
}

fn observe(admitted: &Admitted) -> Observe {
    let command = &admitted.command;
    assert_eq!((command.context, command.name.as_str()), (Context::Run, "observe"));
    match words::decode(&command.name, &command.payload).unwrap() {
        RunCommand::Observe(observe) => *observe,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_run_did_is_told_of_the_run_and_everything_else_is_a_fact() {
    for kind in ENTITY_EVENTS {
        let command = sent(&told(kind)).command;
        let is_of_run = kind.starts_with("entity.step.") || kind == "entity.workflow.completed";
        let wanted = match is_of_run {
            true => (Context::Run, "observe", "acme/shop/7"),
            false => (Context::External, "record", "/faber/acme/shop"),
        };
        assert_eq!((command.context, command.name.as_str(), command.id.as_str()), wanted, "{kind}");
    }
}

#[test]
fn every_value_is_kept_in_a_field_of_its_own_or_as_it_was_written() {
    let body = told("entity.step.completed");
    let Observe { sighting, told } = observe(&sent(&body));
    assert_eq!(sighting.content, Hash::of_json(&body));
    assert_eq!(sighting.path, "entity event evt_2026-03-01T09:59:00Z_q7");
    let Told::Published(line) = told else { panic!("{told:?}") };
    assert_eq!(
        (line.id.as_str(), line.word.as_str()),
        (sighting.path[13..].as_ref(), "entity.step.completed")
    );
    assert_eq!(
        (line.place.phase, line.place.step.as_deref()),
        (Some(Phase::Build), Some("build-page"))
    );
    assert_eq!((line.status.as_deref(), line.work_id.as_deref()), (Some("completed"), Some("42")));
    assert_eq!(line.target.as_deref(), Some("page/page-7"));
    assert_eq!(line.at.unwrap().text, "2026-03-01T09:59:00Z");
    for part in ["source", "entity", "step", "entity_snapshot"] {
        assert_eq!(line.rest[part], body[part], "{part}");
    }
}

#[test]
fn an_event_that_names_no_run_or_is_of_no_known_type_is_a_fact_and_never_an_error() {
    let mut nameless = told("entity.step.failed");
    nameless["step"].as_object_mut().unwrap().remove("run_id");
    let mut endless = told("entity.step.failed");
    endless["step"]["run_id"] = "x".repeat(600).into();
    let unknown = told("entity.step.wondered");
    for body in [nameless, endless, unknown, json!({ "event_type": 7, "event_id": "e" })] {
        let command = sent(&body).command;
        assert_eq!(command.context, Context::External, "{body}");
        let ExternalCommand::Record(fact) = words::decode(&command.name, &command.payload).unwrap();
        assert_eq!(fact.data, Some(body), "kept whole");
    }
    let mut no_step = told("entity.workflow.completed");
    no_step.as_object_mut().unwrap().remove("step");
    no_step["run_id"] = "acme/shop/7".into();
    let Told::Published(line) = observe(&sent(&no_step)).told else { panic!() };
    assert_eq!(line.status.as_deref(), Some("in_progress"), "how the entity stands");
}

#[test]
fn the_same_event_by_both_ways_is_one_sighting_of_the_run_in_whichever_order() {
    let body = told("entity.step.completed");
    let (sent, found) = (observe(&sent(&body)), observe(&in_a_file(&body)));
    assert_eq!((sent.sighting.content, &sent.told), (found.sighting.content, &found.told));
    for (first, second) in [(&sent, &found), (&found, &sent)] {
        let told = |observe: &Observe| RunCommand::Observe(Box::new(observe.clone()));
        let events = Run::decide(&RunState::default(), told(first)).unwrap();
        assert_eq!(events.len(), 1);
        let state = events.iter().fold(RunState::default(), Run::evolve);
        assert_eq!(Run::decide(&state, told(second)).unwrap(), [], "it adds nothing");
    }
}
