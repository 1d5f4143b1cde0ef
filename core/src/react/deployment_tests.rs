//! What a run deployed, as it is asked to be registered: from artifacts and from changelog lines.

use helmstream_schemas::{
    Attributes, Timestamp,
    attributes::Kind,
    deployment::Register,
    run::{ArtifactRecorded, Moment, Observed, Place, Reported, Sighting},
};
use serde_json::json;
use uuid::Uuid;

use super::*;

const RUN: &str = "acme/shop/5d0f0d1e-7a61-4a5e-9a0e-1f6d3f0b2c11";

fn at(minute: i64) -> Timestamp {
    Timestamp::from_nanos(1_760_000_000_000_000_000 + minute * 60_000_000_000)
}

fn recorded(event: &RunEvent) -> Record {
    let (name, payload) = words::encode(event);
    let mut attributes = Attributes::default();
    attributes.set(ce::ID, Uuid::from_u128(7).to_string());
    attributes.set(ce::TYPE, Kind::first(Context::Run, name).to_string());
    attributes.set(ce::ACTOR, "faber");
    attributes.set(ce::ACTORKIND, "agent");
    let id = Id::new(RUN).unwrap();
    Record {
        stream: "EVENTS".into(),
        subject: Subject::Event { context: Context::Run, id }.to_string(),
        sequence: 9,
        recorded_at: at(9),
        attributes,
        payload,
    }
}

/// An artifact event: of this type, with that metadata and status.
fn artifact(kind: &str, metadata: Value, status: Option<&str>) -> Record {
    let made = Artifact {
        kind: kind.into(),
        name: Some("prod".into()),
        path: None,
        url: Some("https://shop.example/".into()),
        sha: None,
        size_bytes: None,
    };
    let claim = Claim {
        number: 26,
        word: "artifact_create".into(),
        content: Hash::default(),
        claimed_at: Some(at(1)),
        claimed_text: None,
        received_at: at(2),
        ahead_ms: None,
        person: None,
        status: status.map(str::to_owned),
        message: None,
        duration_ms: None,
        artifacts: vec![made.clone(), Artifact { kind: "tag".into(), ..made }],
        rest: Map::from_iter([("metadata".to_owned(), metadata)]),
        removed: vec![],
    };
    let fact = ArtifactRecorded { place: Place::default() };
    recorded(&RunEvent::ArtifactRecorded(Reported { claim, stalls_at: None, fact }))
}

/// A changelog line.
fn line(change: impl FnOnce(&mut Published)) -> Record {
    let mut line = Published {
        id: "evt_1".into(),
        word: "INFRASTRUCTURE_DEPLOYED".into(),
        place: Place::default(),
        status: Some("success".into()),
        at: Some(Moment { at: Some(at(3)), text: "03".into() }),
        target: Some("stack".into()),
        environment: Some("production".into()),
        work_id: Some("77".into()),
        message: None,
        rest: Map::new(),
    };
    change(&mut line);
    let sighting = Sighting {
        path: "changelog.ndjson".into(),
        content: Hash::default(),
        received_at: at(4),
        written_at: None,
        commit: None,
        removed: vec![],
    };
    recorded(&RunEvent::Observed(Box::new(Observed {
        sighting,
        told: Told::Published(line),
        changes: vec![],
        contradictions: vec![],
        late: false,
        stalls_at: None,
    })))
}

fn asked(event: &Record) -> Vec<(String, Register)> {
    let read = |command: &NewCommand| {
        let word = words::decode(&command.name, &command.payload).unwrap();
        let DeploymentCommand::Register(register) = word else { panic!("{word:?}") };
        (command.id.as_str().to_owned(), *register)
    };
    react_run_to_deployment(event).unwrap().iter().map(read).collect()
}

#[test]
fn an_artifact_of_type_deployment_is_registered_and_no_other_is() {
    let told = asked(&artifact("deployment", json!({"work_id": "77"}), Some("completed")));
    let [(unit, register)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(unit, "infrastructure/prod/shop");
    assert_eq!(register.source, Source::Run);
    assert_eq!(register.by, Actor { id: "faber".into(), kind: ActorKind::Agent });
    let deployment = &register.deployment;
    assert_eq!(deployment.run.as_ref().map(Id::as_str), Some(RUN));
    assert_eq!((deployment.deployed_at, register.at), (Some(at(1)), at(9)));
    assert_eq!(deployment.work_item.as_deref(), Some("77"));
    assert_eq!(deployment.resources[0].url.as_deref(), Some("https://shop.example/"));
    assert_eq!(asked(&artifact("pr", json!({}), None)), []);
}

#[test]
fn a_changelog_line_of_a_deployment_is_registered_in_the_very_same_unit() {
    let told = asked(&line(|_| {}));
    let [(unit, register)] = &told[..] else { panic!("{told:?}") };
    assert_eq!(unit, "infrastructure/prod/shop");
    assert_eq!(register.unit.environment_text.as_deref(), Some("production"));
    assert_eq!(register.deployment.deployed_at, Some(at(3)));
    assert_eq!(asked(&line(|line| line.word = "CODE_MERGED".into())), []);
}

#[test]
fn what_failed_or_is_not_known_to_have_succeeded_is_not_registered() {
    for status in ["failure", "failed", "skipped", "cancelled", "pending"] {
        assert_eq!(asked(&line(|line| line.status = Some(status.into()))), [], "{status}");
    }
    for status in ["warning", "success"] {
        assert_eq!(asked(&line(|line| line.status = Some(status.into()))).len(), 1, "{status}");
    }
    assert_eq!(asked(&artifact("deployment", json!({}), Some("failed"))), []);
}

#[test]
fn a_release_that_wants_nothing_registered_has_nothing_registered() {
    for no in [json!(false), json!("false"), json!("False")] {
        let metadata = json!({ "register_deployment": no });
        assert_eq!(asked(&artifact("deployment", metadata.clone(), None)), []);
        let rest = Map::from_iter([("metadata".to_owned(), metadata)]);
        assert_eq!(asked(&line(|line| line.rest = rest)), []);
    }
    let metadata = json!({ "register_deployment": true });
    assert_eq!(asked(&artifact("deployment", metadata, None)).len(), 1);
}

#[test]
fn reacting_twice_gives_the_same_commands_and_another_deployment_another_id() {
    let event = artifact("deployment", json!({}), None);
    assert_eq!(react_run_to_deployment(&event).unwrap(), react_run_to_deployment(&event).unwrap());
    let id = |event: &Record| asked(event)[0].1.deployment.id.clone();
    let first = line(|_| {});
    assert_eq!(id(&first), id(&line(|_| {})), "a line that is written again is the same");
    let other = line(|line| line.at = None);
    assert_ne!(id(&first), id(&other), "lines of one id that say something else are two");
}

#[test]
fn what_the_run_says_is_deployed_goes_before_its_project() {
    let metadata =
        json!({"domain": "app", "environment": "QA", "resource": "checkout", "project": "shop"});
    assert_eq!(asked(&artifact("deployment", metadata, None))[0].0, "application/qa/checkout");
    let nowhere = line(|line| line.environment = None);
    assert_eq!(asked(&nowhere)[0].0, "infrastructure/unknown/shop");
}

#[test]
fn names_of_any_length_are_registered() {
    let metadata = |end: &str| {
        let long = "/é".repeat(4_000) + end;
        json!({"domain": long, "environment": long, "resource": long})
    };
    let unit = |end: &str| asked(&artifact("deployment", metadata(end), None))[0].0.clone();
    assert_ne!(unit("a"), unit("b"));
}
