//! What is emitted is what FABER takes, by the rules of its schema and its emitter, said again here.
//! That they are the same rules is compared with FABER's own files in the room `tests`.

use helmstream_schemas::{ActorKind, deployment::Resource};
use proptest::prelude::*;

use super::*;

const RUN: &str = "acme/shop/5d0f0d1e-7a61-4a5e-9a0e-1f6d3f0b2c11";

fn place(phase: Option<Phase>, text: Option<&str>, step: Option<&str>) -> Place {
    Place { phase, phase_text: text.map(Into::into), step: step.map(Into::into) }
}

fn emitted(
    run: &str,
    place: &Place,
    granted: bool,
    reason: Option<&str>,
) -> Result<Value, NotEmittable> {
    let answer = Answer {
        approval: &Id::new("an approval").unwrap(),
        run: &Id::new(run).unwrap(),
        place,
        granted,
        round: 2,
        asked_number: Some(20),
        by: &Actor { id: "operator".into(), kind: ActorKind::Human },
        at: Timestamp::parse("2026-05-04T03:02:01.987654321Z").unwrap(),
        reason,
    };
    approval_event(22, answer)
}

/// What FABER's schema says of an event of these two types, said again.
fn breaks(event: &Value) -> Option<String> {
    let known = [
        "event_id",
        "type",
        "timestamp",
        "run_id",
        "phase",
        "step",
        "status",
        "user",
        "source",
        "message",
        "metadata",
    ];
    let held = event.as_object()?;
    let text = |key: &str| held.get(key).and_then(Value::as_str).unwrap_or_default();
    let rules = [
        ("no other keys", held.keys().all(|key| known.contains(&key.as_str()))),
        ("a number", held["event_id"].as_u64().is_some_and(|number| number >= 1)),
        ("a type", ["approval_granted", "approval_denied"].contains(&text("type"))),
        ("a time", Timestamp::parse(text("timestamp")).is_ok() && text("timestamp").len() == 24),
        ("a zone", text("timestamp").ends_with('Z')),
        ("a run", is_run_id(text("run_id"))),
        (
            "a phase",
            held.get("phase").is_none_or(|phase| {
                ["frame", "architect", "build", "evaluate", "release"]
                    .contains(&phase.as_str().unwrap_or_default())
            }),
        ),
        ("a status", text("status") == "completed"),
        (
            "texts",
            ["step", "user", "source", "message"]
                .iter()
                .all(|key| held.get(*key).is_none_or(Value::is_string)),
        ),
        ("metadata", held["metadata"].is_object()),
    ];
    rules.into_iter().find(|(_, holds)| !holds).map(|(rule, _)| rule.to_owned())
}

#[test]
fn an_answer_is_an_event_of_its_run() {
    let at = place(Some(Phase::Release), None, Some("deploy"));
    let event = emitted(RUN, &at, true, Some("looks good")).unwrap();
    assert_eq!(breaks(&event), None, "{event}");
    for (key, value) in [
        ("type", "approval_granted"),
        ("timestamp", "2026-05-04T03:02:01.987Z"),
        ("phase", "release"),
        ("step", "deploy"),
        ("source", "helmstream"),
        ("message", "approval granted by operator: looks good"),
    ] {
        assert_eq!(event[key], value);
    }
    assert_eq!(event["event_id"], 22);
    assert_eq!(event["metadata"]["request_event_id"], 20);
    let denied = emitted(RUN, &at, false, None).unwrap();
    assert_eq!((denied["type"].as_str(), breaks(&denied)), (Some("approval_denied"), None));
}

#[test]
fn a_phase_that_is_none_of_the_five_stands_in_the_metadata() {
    let event = emitted(RUN, &place(Some(Phase::Other), Some("ship"), None), true, None).unwrap();
    assert_eq!((event.get("phase"), breaks(&event)), (None, None));
    assert_eq!(event["metadata"]["phase_text"], "ship");
}

#[test]
fn a_run_that_faber_would_refuse_is_refused() {
    let uuid = "5d0f0d1e-7a61-4a5e-9a0e-1f6d3f0b2c11";
    for run in [
        "shop-42".to_owned(),
        uuid.to_owned(),
        format!("a/shop/{uuid}"),
        format!("acme/b/{uuid}"),
        format!("Acme/shop/{uuid}"),
        format!("acme/shop/{}", uuid.to_uppercase()),
        format!("../shop/{uuid}"),
        format!("/acme/shop/{uuid}"),
        format!("acme/shop/{uuid}/x"),
        "acme/shop/5d0f0d1e7a614a5e9a0e1f6d3f0b2c11----".to_owned(),
    ] {
        let refused = emitted(&run, &Place::default(), true, None);
        assert_eq!(refused, Err(NotEmittable::RunId(run)));
    }
    assert!(is_run_id(&format!("acme_corp/shop-front/{uuid}")));
}

#[test]
fn files_of_events_are_named_as_faber_names_them() {
    assert_eq!(event_file_name(7, "approval_granted"), "007-approval_granted.json");
    assert_eq!(event_file_name(1_000, "checkpoint"), "1000-checkpoint.json");
    assert_eq!(number_of_file("1000-checkpoint.json"), Some(1_000));
    for other in [".next-id", "events.jsonl", "x-y.json", "007.json", "007-.json"] {
        assert_eq!(number_of_file(other), None, "{other}");
    }
}

fn deployed() -> Deployment {
    Deployment {
        id: "deploy-1".into(),
        deployed_at: Timestamp::parse("2026-05-04T03:02:01Z").ok(),
        deployed_text: None,
        deployed_by: Some("pipeline".into()),
        run: Id::new(RUN).ok(),
        work_item: None,
        faber_plugin: None,
        helm_plugin: Some("ops".into()),
        resources: vec![Resource {
            kind: "queue".into(),
            name: Some("orders".into()),
            arn: None,
            url: None,
        }],
        monitoring: Some(Monitoring {
            enabled: true,
            helm_manager: None,
            interval_ms: Some(300_000),
            interval_text: None,
            alert_channels: vec!["duty".into()],
            objectives: Default::default(),
        }),
        rest: object(json!({"cost": "low", "monitoring": {"team": "shop"}})),
    }
}

#[test]
fn a_deployment_is_an_entry_with_what_else_its_source_wrote() {
    let unit = Unit::read("infra", "production", "shop");
    let told_at = Timestamp::parse("2026-05-05T00:00:00Z").unwrap();
    let entry = registry_entry(&unit, &deployed(), told_at);
    assert_eq!(
        entry,
        json!({
            "id": "deploy-1", "unit": "infrastructure/prod/shop", "domain": "infrastructure",
            "environment": "prod", "deployed_at": "2026-05-04T03:02:01.000Z",
            "deployed_by": "pipeline", "run": RUN, "helm_plugin": "ops", "cost": "low", "emitted_by": "helmstream",
            "resources": [{"type": "queue", "name": "orders"}],
            "monitoring": {
                "enabled": true, "health_check_interval": "5m", "alert_channels": ["duty"],
                "team": "shop"
            },
        })
    );
    let silent = Deployment { monitoring: None, deployed_at: None, ..deployed() };
    let entry = registry_entry(&unit, &silent, Timestamp::default());
    assert_eq!(entry["deployed_at"], "1970-01-01T00:00:00.000Z");
    assert_eq!(entry["monitoring"]["enabled"], false);
}

#[test]
fn a_registry_keeps_what_is_unknown_here_and_what_stands_as_it_was_written() {
    let before = json!({
        "version": "1.0",
        "deployments": [
            {"id": "foreign"}, {"id": "old"}, {"id": "stands", "note": "by hand"}, "odd"
        ],
    });
    let known = ["old", "stands", "new"].map(str::to_owned).into();
    let active = vec![json!({"id": "stands"}), json!({"id": "new"})];
    let wanted = json!({
        "version": "1.0",
        "deployments": [{"id": "foreign"}, {"id": "stands", "note": "by hand"}, "odd", {"id": "new"}],
    });
    let once = registry(Some(before), active.clone(), &known).unwrap();
    assert_eq!(once, wanted);
    assert_eq!(registry(Some(once), active, &known).unwrap(), wanted, "again changes nothing");
    let fresh = registry(None, vec![json!({"id": "new"})], &known).unwrap();
    assert_eq!(fresh, json!({"deployments": [{"id": "new"}]}));
    for other in [json!([]), json!({"deployments": {}})] {
        assert!(registry(Some(other), vec![], &known).is_err());
    }
}

proptest! {
    #[test]
    fn whatever_was_answered_is_an_event_that_faber_takes(
        step in prop::option::of(".{0,9}"),
        text in prop::option::of(".{0,9}"),
        reason in prop::option::of(".{0,9}"),
        phase in 0_usize..7,
        granted: bool,
    ) {
        use Phase::*;
        let phase = [None, Some(Frame), Some(Architect), Some(Build), Some(Evaluate), Some(Release),
            Some(Other)][phase];
        let place = place(phase, text.as_deref(), step.as_deref());
        prop_assert_eq!(breaks(&emitted(RUN, &place, granted, reason.as_deref()).unwrap()), None);
    }

    #[test]
    fn an_instant_is_written_to_the_millisecond(nanos in i64::MIN / 2..) {
        let read = Timestamp::parse(&millis(Timestamp::from_nanos(nanos))).unwrap().nanos();
        prop_assert!(read <= nanos && nanos - read < 1_000_000);
        prop_assert_eq!(millis(Timestamp::from_nanos(nanos)).len(), 24);
    }
}
