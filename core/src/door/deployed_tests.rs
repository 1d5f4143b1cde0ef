//! Entries of a registry of deployments, as they are met: given this entry, this command.

use helmstream_schemas::{ActorKind, deployment::Environment};
use serde_json::json;

use super::*;
use crate::door::{Admission, Arrival, Cleaner, Headers, admit};

fn read(entry: &Value) -> Result<(String, Register), Dead> {
    let by = Actor { id: "service:sync".into(), kind: ActorKind::Service };
    let wanted = of_registry(entry, by, Timestamp::default())?;
    match words::decode(&wanted.name, &wanted.payload) {
        Ok(DeploymentCommand::Register(register)) => Ok((wanted.id.to_string(), *register)),
        other => panic!("{other:?}"),
    }
}

fn unit(entry: Value) -> String {
    read(&entry).unwrap().0
}

#[test]
fn an_entry_of_the_registry_is_read_whole() {
    let (unit, told) = read(&json!({
        "id": "deploy-77", "domain": "infra", "environment": "production",
        "faber_plugin": "builder", "helm_plugin": "keeper", "deployed_at": "2026-03-01T10:00:00Z",
        "deployed_by": "run 5", "work_item": 77, "run_id": "shop-77-run-2026-03-01T09-00-00Z",
        "resources": [{"type": "s3", "name": "media"}, {"type": "lambda", "name": "cart", "arn": "arn:b"}],
        "monitoring": {"enabled": false, "helm_manager": "m", "health_check_interval": "5m",
            "alert_channels": ["ops"], "slos": {"p95": 200}, "quiet": true},
        "color": "blue"
    }))
    .unwrap();
    assert_eq!(unit, "infrastructure/prod/arn:b");
    assert_eq!(told.unit.environment, Environment::Prod);
    assert_eq!(told.unit.environment_text.as_deref(), Some("production"));
    assert_eq!(told.source, Source::Registry);
    let deployment = told.deployment;
    assert_eq!(deployment.deployed_at, Timestamp::parse("2026-03-01T10:00:00Z").ok());
    assert_eq!(deployment.run.unwrap().as_str(), "shop-77/2026-03-01T09-00-00Z");
    assert_eq!(deployment.work_item.as_deref(), Some("77"));
    assert_eq!(deployment.resources.len(), 2);
    let monitoring = deployment.monitoring.unwrap();
    assert_eq!((monitoring.enabled, monitoring.interval_ms), (false, Some(300_000)));
    assert_eq!(monitoring.objectives["p95"], 200);
    let rest = Value::Object(deployment.rest);
    assert_eq!(rest, json!({"color": "blue", "monitoring": {"quiet": true}}));
}

#[test]
fn a_unit_goes_by_what_the_entry_names_or_by_its_smallest_resource() {
    let with = |over: Value| {
        let mut entry = json!({"domain": "application", "environment": "test"});
        entry.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
        unit(entry)
    };
    let resources = json!([{"type": "lambda", "name": "b"}, {"type": "lambda", "name": "a"}]);
    assert_eq!(with(json!({"unit": "shop", "name": "x"})), "application/test/shop");
    assert_eq!(with(json!({"name": "shop"})), "application/test/shop");
    assert_eq!(with(json!({"unit": "application/test/shop"})), "application/test/shop");
    assert_eq!(with(json!({ "resources": resources })), "application/test/lambda/a");
    assert_eq!(unit(json!({"unit": "data/prod/lake"})), "data/prod/lake");
}

#[test]
fn a_time_without_a_zone_stays_the_text_it_is() {
    let told = |at: &str| {
        let entry = json!({"unit": "data/prod/lake", "deployed_at": at});
        let deployment = read(&entry).unwrap().1.deployment;
        (deployment.deployed_at, deployment.deployed_text)
    };
    assert_eq!(told("2026-03-01T10:00:00.5"), (None, Some("2026-03-01T10:00:00.5".into())));
    assert_eq!(told("2026-03-01T10:00:00Z").1, None);
}

#[test]
fn an_entry_without_an_id_has_the_one_its_content_gives() {
    let id = |entry: Value| read(&entry).unwrap().1.deployment.id;
    let first = id(json!({"unit": "data/prod/lake", "n": 1}));
    assert_eq!(first, id(json!({"n": 1, "unit": "data/prod/lake"})));
    assert_ne!(first, id(json!({"unit": "data/prod/lake", "n": 2})));
}

#[test]
fn what_a_resource_cannot_hold_is_kept_beside_it() {
    let entry = json!({"unit": "data/prod/lake", "resources": [{"type": "s3", "aws_name": "raw", "created": 1}]});
    let deployment = read(&entry).unwrap().1.deployment;
    assert_eq!(deployment.resources[0].name.as_deref(), Some("raw"));
    assert_eq!(deployment.rest["resources"], entry["resources"]);
}

#[test]
fn an_entry_that_names_nothing_is_a_dead_letter_that_says_what_is_missing() {
    let dead = |entry: Value| read(&entry).unwrap_err();
    for entry in [json!([]), json!({"domain": "data", "environment": "prod"}), json!({"unit": "x"})]
    {
        assert_eq!(dead(entry).reason, "not_a_deployment");
    }
    assert!(dead(json!({"unit": "x", "domain": "data"})).detail.contains("environment"));
}

#[test]
fn whoever_asks_for_it_registers_a_deployment_in_the_same_words() {
    let asked = |data: Value| {
        let event = json!({
            "specversion": "1.0", "id": "1", "source": "/ci",
            "type": "helmstream.deployment.register.v1", "data": data
        });
        let payload = event.to_string();
        admit(
            &Arrival {
                publisher: "operator",
                actor: "human:operator",
                actor_kind: ActorKind::Human,
                cause: None,
                inbox_sequence: 1,
                received_at: Timestamp::default(),
                headers: &Headers::default(),
                payload: payload.as_bytes(),
            },
            &Cleaner::new(b"key"),
        )
    };
    let entry =
        json!({"id": "d-1", "unit": "data/prod/lake", "deployed_at": "2026-03-01T10:00:00Z"});
    let Admission::Command(admitted) = asked(entry.clone()) else { panic!() };
    let command = &admitted.command;
    assert_eq!(command.subject().to_string(), "cmd.deployment.register.data/prod/lake");
    let Ok(DeploymentCommand::Register(told)) = words::decode(&command.name, &command.payload)
    else {
        panic!()
    };
    assert_eq!((told.source, told.by.id.as_str()), (Source::Asked, "human:operator"));
    assert_eq!(told.content, read(&entry).unwrap().1.content);
    let Admission::Dead(dead) = asked(Value::Null) else { panic!() };
    assert_eq!(dead.reason, "not_a_deployment");
}
