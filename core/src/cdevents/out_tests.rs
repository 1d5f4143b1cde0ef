//! What each decision of the plane is told as.

use helmstream_schemas::{ActorKind, Hash, Timestamp, approval::Answered, words};

use super::*;

fn record(context: &str, id: &str, name: &str, payload: Vec<u8>) -> Record {
    let mut attributes = Attributes::default();
    attributes.set(ce::ID, "00000000-0000-0000-0000-000000000007");
    attributes.set(ce::TYPE, format!("helmstream.{context}.{name}.v1"));
    attributes.set(ce::CORRELATIONID, "acme/shop/1");
    let id = Id::new(id).unwrap();
    let context = Context::named(context).unwrap();
    Record {
        stream: "EVENTS".into(),
        subject: helmstream_schemas::Subject::Event { context, id }.to_string(),
        sequence: 41,
        recorded_at: Timestamp::parse("2026-03-01T10:00:00Z").unwrap(),
        attributes,
        payload,
    }
}

fn told<W: serde::Serialize>(context: &str, id: &str, word: &W) -> Vec<OutEvent> {
    let (name, payload) = words::encode(word);
    cdevents_of(&record(context, id, &name, payload)).unwrap()
}

fn answered() -> Answered {
    Answered {
        round: 1,
        gate: Gate { run: Id::new("acme/shop/1").unwrap(), place: Place::default() },
        shown: Hash::of(b"shown"),
        by: Actor { id: "operator".into(), kind: ActorKind::Human },
        at: Timestamp::from_nanos(1),
        reason: Some("it is green".into()),
    }
}

#[test]
fn a_grant_is_an_approval_of_our_own_type_that_was_closed() {
    let out =
        told("approval", "acme/shop/1 release", &ApprovalEvent::Granted(answered())).remove(0);
    assert_eq!(out.kind, "dev.cdeventsx.helmstream-approval.closed.0.1.0");
    assert_eq!(out.event["subject"]["type"], "helmstream-approval");
    assert_eq!(out.event["subject"]["id"], "acme/shop/1 release");
    let content = &out.event["subject"]["content"];
    assert_eq!(
        (&content["status"], &content["by"]["id"]),
        (&json!("approved"), &json!("operator"))
    );
    assert_eq!(content["pipelineRun"]["id"], "acme/shop/1");
    assert_eq!(out.event["context"]["chainId"], "acme/shop/1");
    // The binding: the CloudEvent is called as the CDEvent is.
    let context = &out.event["context"];
    for (name, value) in [
        (ce::ID, &context["id"]),
        (ce::SOURCE, &context["source"]),
        (ce::TYPE, &context["type"]),
        (ce::TIME, &context["timestamp"]),
        (ce::SUBJECT, &out.event["subject"]["id"]),
    ] {
        assert_eq!(out.attributes.get(name), value.as_str(), "{name}");
    }
    let again = told("approval", "acme/shop/1 release", &ApprovalEvent::Granted(answered()));
    assert_eq!(again, [out]);
}

#[test]
fn a_deployment_is_a_service_deployed_upgraded_rolled_back_or_removed() {
    let registered = |over: Value| {
        let mut event = json!({
            "unit": {"domain": "application", "environment": "prod", "name": "shop"},
            "deployment": {"id": "d-2", "resources": [{"type": "artifact", "name": "pkg:oci/shop@2"}]},
            "source": "asked", "by": {"id": "faber", "kind": "service"},
            "at": "2026-03-01T10:00:00Z", "content": Hash::of(b"x")
        });
        event.as_object_mut().unwrap().extend(over.as_object().unwrap().clone());
        let payload = event.to_string().into_bytes();
        cdevents_of(&record("deployment", "application/prod/shop", "registered", payload)).unwrap()
    };
    let first = registered(json!({})).remove(0);
    assert_eq!(first.kind, "dev.cdevents.service.deployed.0.2.0");
    let content = json!({"environment": {"id": "prod"}, "artifactId": "pkg:oci/shop@2"});
    assert_eq!(
        first.event["subject"],
        json!({"id": "shop", "type": "service", "content": content})
    );
    let upgraded = registered(json!({"supersedes": "d-1"})).remove(0);
    assert_eq!(upgraded.kind, "dev.cdevents.service.upgraded.0.2.0");
    assert!(registered(json!({"superseded_by": "d-3"})).is_empty());
    let came = json!({"context": {"id": "c-9", "type": "dev.cdevents.service.rolledback.0.2.0"}});
    let back = registered(json!({
        "supersedes": "d-1", "deployment": {"id": "d-2", "rest": {"cdevent": came}}
    }));
    assert_eq!(back[0].kind, "dev.cdevents.service.rolledback.0.2.0");
    assert_eq!(back[0].event["context"]["links"][0]["target"]["contextId"], "c-9");
    assert_eq!(back[0].event["subject"]["content"]["artifactId"], "d-2");
    let retired =
        json!({"id": "d-2", "by": {"id": "o", "kind": "human"}, "at": "2026-03-01T10:00:00Z"});
    let payload = retired.to_string().into_bytes();
    let gone = record("deployment", "application/prod/shop", "retired", payload);
    assert_eq!(cdevents_of(&gone).unwrap()[0].kind, "dev.cdevents.service.removed.0.2.0");
}

#[test]
fn a_run_is_told_of_only_where_the_plane_says_something_of_it() {
    let stalled = json!({"heard_at": "2026-03-01T10:00:00Z", "due_at": "2026-03-01T10:30:00Z"});
    let stalled = record("run", "acme/1", "stalled", stalled.to_string().into_bytes());
    let out = cdevents_of(&stalled).unwrap().remove(0);
    assert_eq!(out.kind, "dev.cdeventsx.helmstream-pipelineRun.stalled.0.1.0");
    assert_eq!(out.event["subject"]["content"]["pipelineRun"]["id"], "acme/1");
    let refused = CommandRefused {
        command_id: uuid::Uuid::nil(),
        command: "merge".into(),
        reason: "merged_elsewhere".into(),
        detail: "the run was merged".into(),
    };
    let payload = serde_json::to_vec(&refused).unwrap();
    let out = cdevents_of(&record("run", "acme/1", COMMAND_REFUSED, payload)).unwrap().remove(0);
    assert_eq!(out.kind, "dev.cdeventsx.helmstream-command.refused.0.1.0");
    assert_eq!(out.event["subject"]["content"]["reason"], "merged_elsewhere");
}

#[test]
fn what_cannot_be_read_is_an_error_and_a_fact_from_outside_is_nothing() {
    assert!(cdevents_of(&record("run", "acme/1", "stalled", b"{}".to_vec())).is_err());
    assert!(cdevents_of(&record("run", "acme/1", "unheard_of", b"{}".to_vec())).is_err());
    let fact = json!({"id": "1", "type": "t", "attributes": {}}).to_string().into_bytes();
    assert!(cdevents_of(&record("external", "/s", "recorded", fact)).unwrap().is_empty());
}
