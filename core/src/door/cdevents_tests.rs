//! CDEvents of every version, in and out of shape: what each becomes, and that none is an error.

use helmstream_schemas::{ActorKind, external::ExternalCommand};

use super::{
    super::{Admission, Admitted, Cleaner, Headers, admit},
    *,
};

fn admitted(event: &Value) -> Admitted {
    let payload = event.to_string();
    let arrival = Arrival {
        publisher: "faber",
        actor: "faber",
        actor_kind: ActorKind::Service,
        inbox_sequence: 3,
        received_at: Timestamp::parse("2026-03-01T10:05:00Z").unwrap(),
        cause: None,
        headers: &Headers::default(),
        payload: payload.as_bytes(),
    };
    match admit(&arrival, &Cleaner::new(b"key")) {
        Admission::Command(admitted) => *admitted,
        Admission::Dead(dead) => panic!("{dead:?}"),
    }
}

/// A CDEvent of version 0.4 in a CloudEvent, as the binding has it.
fn cdevent(kind: &str, subject: &str, content: Value) -> Value {
    let data = json!({
        "context": {
            "version": "0.4.1", "id": "c-1", "source": "/forge/ci", "type": kind,
            "timestamp": "2026-03-01T10:00:00Z"
        },
        "subject": {"id": subject, "source": "/forge/ci", "type": "any", "content": content}
    });
    around("e-1", data)
}

fn around(id: &str, data: Value) -> Value {
    let kind = data["context"]["type"].clone();
    json!({
        "specversion": "1.0", "id": id, "source": "/forge/ci", "type": kind,
        "datacontenttype": "application/cdevents+json", "data": data
    })
}

fn report(event: &Value) -> (Id, Report) {
    let admitted = admitted(event);
    assert_eq!(admitted.names, std::slice::from_ref(&admitted.command.id));
    match words::decode("report", &admitted.command.payload).unwrap() {
        RunCommand::Report(report) => (admitted.command.id, *report),
        other => panic!("{other:?}"),
    }
}

fn register(event: &Value) -> Register {
    match words::decode("register", &admitted(event).command.payload).unwrap() {
        DeploymentCommand::Register(register) => *register,
        other => panic!("{other:?}"),
    }
}

fn is_fact(event: &Value) -> bool {
    let admitted = admitted(event);
    let word = words::decode::<ExternalCommand>(&admitted.command.name, &admitted.command.payload);
    admitted.command.context == Context::External && word.is_ok()
}

const FINISHED: &str = "dev.cdevents.pipelinerun.finished.0.2.0";

#[test]
fn a_pipeline_run_is_a_run_by_its_id_within_its_source() {
    let (id, report) = report(&cdevent(
        FINISHED,
        "run-7",
        json!({
            "pipelineName": "release", "outcome": "failure", "errors": "no disk", "url": "https://ci.example/7"
        }),
    ));
    assert_eq!(id.as_str(), "/forge/ci#run-7");
    let Said::Ended(ended) = report.said else { panic!("{:?}", report.said) };
    assert_eq!(ended.ending, Ending::Failed);
    assert_eq!(ended.error.unwrap().message.as_deref(), Some("no disk"));
    assert_eq!(report.claim.word, "pipelinerun.finished");
    assert_eq!(report.claim.status.as_deref(), Some("failure"));
    assert_eq!(report.claim.rest["cdevent"]["context"]["version"], "0.4.1");
    assert!(report.claim.number < 1 << 53);
}

#[test]
fn every_version_that_is_known_or_to_come_is_read_alike() {
    let task = |over: Value| {
        let mut event = cdevent(
            "dev.cdevents.taskrun.finished.0.2.0",
            "t-1",
            json!({
                "taskName": "unit tests", "pipelineRun": {"id": "run-7"}, "outcome": "success"
            }),
        );
        for (key, value) in over.as_object().unwrap() {
            event["data"]["context"][key] = value.clone();
        }
        event
    };
    let (wanted, read) = report(&task(json!({})));
    assert!(
        matches!(&read.said, Said::StepEnded(e) if e.place.step.as_deref() == Some("unit tests"))
    );
    for over in [
        json!({"version": "0.3.0", "type": "dev.cdevents.taskrun.finished.0.1.1"}),
        json!({"version": null, "specversion": "0.5.1", "type": "dev.cdevents.taskrun.finished.0.3.0"}),
        json!({"version": null, "specversion": "0.6.0-draft", "type": "dev.cdevents.taskrun.finished.0.9.0-draft"}),
    ] {
        let (id, other) = report(&task(over));
        assert_eq!((id, &other.said), (wanted.clone(), &read.said));
        // The same outcome, told in another version, is the same claim.
        assert_eq!(
            (other.claim.number, other.claim.content),
            (read.claim.number, read.claim.content)
        );
    }
    assert!(is_fact(&task(json!({"type": "dev.cdevents.taskrun.finished.1.0.0"}))));
}

#[test]
fn the_same_outcome_told_by_another_message_is_the_same_claim() {
    let once = cdevent(FINISHED, "run-7", json!({"outcome": "success"}));
    let mut again = once.clone();
    again["id"] = json!("e-2");
    again["data"]["context"]["id"] = json!("c-2");
    let [(_, once), (_, again)] = [report(&once), report(&again)];
    assert_eq!((once.claim.number, once.claim.content), (again.claim.number, again.claim.content));
    let failed = report(&cdevent(FINISHED, "run-7", json!({"outcome": "failure"}))).1;
    assert_eq!(failed.claim.number, once.claim.number, "one second cannot end twice");
    assert_ne!(failed.claim.content, once.claim.content);
    let begun = cdevent("dev.cdevents.pipelinerun.started.0.2.0", "run-7", json!({}));
    assert!(report(&begun).1.claim.number < once.claim.number, "within a second, begun is first");
}

#[test]
fn a_service_that_was_deployed_is_a_deployment_of_its_unit() {
    let content = json!({"environment": {"id": "Production"}, "artifactId": "pkg:oci/shop@2"});
    for word in ["deployed", "upgraded", "rolledback"] {
        let kind = format!("dev.cdevents.service.{word}.0.2.0");
        let told = register(&cdevent(&kind, "shop", content.clone()));
        assert_eq!(told.unit.id_text(), "application/prod/shop");
        assert_eq!(told.deployment.resources[0].name.as_deref(), Some("pkg:oci/shop@2"));
        assert_eq!(told.deployment.deployed_at, Timestamp::parse("2026-03-01T10:00:00Z").ok());
        let mut again = cdevent(&kind, "shop", content.clone());
        again["data"]["context"]["id"] = json!("c-2");
        let again = register(&again);
        assert_eq!((again.deployment.id, again.content), (told.deployment.id, told.content));
    }
    let removed = admitted(&cdevent("dev.cdevents.service.removed.0.2.0", "shop", content));
    let Ok(DeploymentCommand::Retire(retire)) = words::decode("retire", &removed.command.payload)
    else {
        panic!("{removed:?}")
    };
    assert_eq!(Ok(retire.at), Timestamp::parse("2026-03-01T10:00:00Z"));
    assert_eq!(removed.command.id.as_str(), "application/prod/shop");
}

#[test]
fn an_approval_of_a_run_is_a_claim_and_asks_people_or_grants_nothing() {
    let kind = |word: &str| format!("dev.cdevents.approval.{word}.0.1.0");
    let of = |word: &str, status: &str| {
        let content = json!({
            "pipelineRun": {"id": "run-7"}, "phase": "release", "status": status,
            "responder": "dana", "approvalDetailsUrl": "https://forge.example/a/1"
        });
        report(&cdevent(&kind(word), "a-1", content))
    };
    let (run, asked) = of("created", "");
    assert_eq!(run.as_str(), "/forge/ci#run-7");
    assert!(matches!(asked.said, Said::ApprovalAsked(_)));
    assert_eq!(asked.claim.message.as_deref(), Some("https://forge.example/a/1"));
    let (_, closed) = of("closed", "approved");
    // A report of the run, and not an answer to an approval.
    assert!(matches!(closed.said, Said::ApprovalAnswered(e) if e.answer == Answer::Granted));
    assert!(!serde_json::to_string(&closed.claim).unwrap().contains("dana"));
    assert!(matches!(of("closed", "expired").1.said, Said::Noted(_)));
    let content = json!({"pipelineRun": {"id": "run-7"}, "status": "rejected"});
    let own = cdevent("dev.cdeventsx.forge-approval.closed.0.1.0", "a-1", content);
    assert!(matches!(report(&own).1.said, Said::ApprovalAnswered(e) if e.answer == Answer::Denied));
    let nowhere = json!({"status": "approved", "resourceTargetUrl": "https://forge.example/r"});
    assert!(is_fact(&cdevent(&kind("closed"), "a-1", nowhere)));
}

#[test]
fn what_has_no_meaning_here_or_not_all_of_it_is_kept_as_a_fact() {
    let environment = json!({"environment": {"id": "prod"}});
    let facts = [
        cdevent("dev.cdevents.incident.detected.0.2.0", "i-1", environment.clone()),
        cdevent("dev.cdevents.ticket.created.0.1.0", "t-1", json!({"creator": "dana"})),
        cdevent("dev.cdevents.service.published.0.2.0", "shop", environment),
        cdevent("dev.cdevents.service.deployed.0.2.0", "shop", json!({"artifactId": "x"})),
        cdevent("dev.cdevents.taskrun.started.0.2.0", "t-1", json!({"taskName": "alone"})),
        cdevent("dev.cdevents.planet.colonised.0.1.0", "p-1", json!({})),
        cdevent("dev.cdevents.pipelinerun.finished", "run-7", json!({})),
        cdevent(FINISHED, &"x".repeat(600), json!({})),
        around("e-1", json!({"context": {"type": FINISHED}})),
        around("e-1", json!({"context": {"type": FINISHED}, "subject": 7})),
    ];
    for event in facts {
        assert!(is_fact(&event), "{event}");
        let admitted = admitted(&event);
        let text = String::from_utf8(admitted.command.payload).unwrap();
        assert!(!text.contains("dana"), "{text}");
    }
}

#[test]
fn an_envelope_of_any_type_may_carry_one_and_what_the_plane_told_itself_asks_nothing() {
    let mut event = cdevent(FINISHED, "run-7", json!({"outcome": "success"}));
    event["type"] = json!("com.forge.notified");
    assert_eq!(report(&event).0.as_str(), "/forge/ci#run-7");
    let mut own = cdevent(
        "dev.cdevents.service.deployed.0.2.0",
        "shop",
        json!({"environment": {"id": "prod"}, "artifactId": "x"}),
    );
    own["data"]["context"]["source"] = json!(crate::cdevents::SOURCE);
    assert!(is_fact(&own), "or it would be told again, and come back again");
}
