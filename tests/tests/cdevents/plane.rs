//! CDEvents through a running plane: a pipeline's own tell of a run and of what it deployed, told
//! again they are duplicates, and what the plane decided of it lies in OUT, once.

use helmstream_projections::{questions::why::why, run::summary::RunStatus};
use helmstream_schemas::{Id, Record, attributes as ce, outcome::Outcome};
use helmstream_stream::{
    get,
    headers::{MESSAGE_ID, to_headers},
    publish::store,
    read::extent,
};
use helmstream_tests::{
    harness::TestPlane,
    patience::eventually,
    publisher::Publisher,
    running::{ALL, Running, names},
};
use serde_json::{Value, json};

/// What a forge tells, as the CloudEvents binding of CDEvents has it.
fn cdevent(id: &str, word: &str, second: u32, subject: &str, content: Value) -> Value {
    let kind = format!("dev.cdevents.{word}.0.2.0");
    let time = format!("2026-03-01T10:00:{second:02}Z");
    let of = word.split('.').next().expect("a subject");
    json!({
        "specversion": "1.0", "id": id, "source": "/forge/ci", "type": kind, "time": time,
        "subject": subject, "datacontenttype": "application/cdevents+json",
        "data": {
            "context": {
                "version": "0.4.1", "id": id, "source": "/forge/ci", "type": kind,
                "timestamp": time, "chainId": "chain-7"
            },
            "subject": {"id": subject, "source": "/forge/ci", "type": of, "content": content}
        }
    })
}

fn whole() -> Vec<Value> {
    let task = |outcome: Value| {
        let mut content = json!({"taskName": "unit tests", "pipelineRun": {"id": "build-7"}});
        content
            .as_object_mut()
            .expect("an object")
            .extend(outcome.as_object().cloned().into_iter().flatten());
        content
    };
    let service = json!({"environment": {"id": "prod"}, "artifactId": "pkg:oci/shop@7"});
    let mut finished =
        cdevent("c-6", "pipelinerun.finished", 6, "build-7", json!({"outcome": "success"}));
    finished["data"]["context"]["links"] = json!([
        {"linkType": "RELATION", "linkKind": "TRIGGER", "target": {"contextId": "c-4"}},
        {"linkType": "PATH", "from": {"contextId": "elsewhere"}}
    ]);
    vec![
        cdevent("c-1", "pipelinerun.started", 1, "build-7", json!({"pipelineName": "release"})),
        cdevent("c-2", "taskrun.started", 2, "t-1", task(json!({}))),
        cdevent("c-3", "taskrun.finished", 3, "t-1", task(json!({"outcome": "success"}))),
        cdevent("c-4", "service.deployed", 4, "shop", service),
        cdevent("c-5", "incident.detected", 5, "i-1", json!({"environment": {"id": "prod"}})),
        finished,
    ]
}

async fn publish(publisher: &mut Publisher, events: &[Value]) -> Vec<Outcome> {
    let mut told = Vec::new();
    for event in events {
        let sequence = publisher.publish(event).await;
        told.push(publisher.hear(sequence).await);
    }
    told
}

async fn out(plane: &Running, count: usize) -> Vec<Record> {
    eventually(&format!("{count} messages in OUT"), async || {
        let all = get::all(&plane.operator, "OUT", "out.cdevents.>", 1).await;
        let all = all.expect("the operator may read what is told");
        (all.len() >= count).then_some(all)
    })
    .await
}

#[tokio::test]
async fn a_pipeline_is_told_in_cdevents_and_the_plane_tells_what_it_made_of_it() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let told = publish(&mut faber, &whole()).await;
    assert!(matches!(&told[0], Outcome::Event { name, .. } if name == "started"), "{told:?}");
    assert!(matches!(&told[4], Outcome::ExternalFact { .. }), "{told:?}");
    let run = plane.run("/forge/ci#build-7").await.expect("a run");
    assert_eq!(run.run.summary.status, RunStatus::Completed);
    let of_run = names(&plane.events("evt.run.>").await);
    assert_eq!(of_run, ["started", "step_begun", "step_ended", "ended"]);

    // The same outcomes by other messages add nothing.
    let mut again = whole();
    for event in &mut again {
        let id = format!("{}-again", event["id"].as_str().expect("an id"));
        event["id"] = json!(id);
        event["data"]["context"]["id"] = json!(id);
    }
    let told = publish(&mut faber, &again).await;
    for (index, outcome) in told.iter().enumerate().filter(|(index, _)| *index != 4) {
        assert!(matches!(outcome, Outcome::Unchanged { .. }), "{index}: {outcome:?}");
    }
    let of_unit = plane.events("evt.deployment.>").await;
    assert_eq!(names(&of_unit), ["registered"]);

    let out = out(&plane, 1).await;
    let message = &out[0];
    assert_eq!(message.subject, "out.cdevents.dev.cdevents.service.deployed.0.2.0");
    assert_eq!(message.attributes.get(ce::ID), of_unit[0].attributes.get(ce::ID));
    let event: Value = serde_json::from_slice(&message.payload).expect("JSON");
    assert_eq!(event["subject"]["id"], "shop");
    assert_eq!(event["context"]["links"][0]["target"]["contextId"], "c-4");

    // Whoever was cut off before it acknowledged tells it again.
    let teller = plane.plane.connect("cdevents").await;
    let mut headers = to_headers(&message.attributes);
    headers.insert(MESSAGE_ID, message.attributes.get(ce::ID).expect("an id"));
    let payload = message.payload.clone();
    store(&teller, &message.subject, headers, payload.into()).await.expect("it may");
    assert_eq!(extent(&plane.operator, "OUT").await.expect("the log answers").last, 1);

    // The links that the forge wrote lead to what they name.
    plane.level().await;
    let ended = plane.events("evt.run.>").await.pop().expect("an event").attributes;
    let asked = ended.uuid().expect("an id");
    let told = why(&plane.database, asked, None).await.expect("the views answer");
    let links = told.answer.expect("a why").links;
    assert_eq!(links.len(), 2, "{links:?}");
    let became = links[0].became.as_ref().expect("what triggered it is known");
    assert_eq!(became.aggregate.as_ref().map(Id::as_str), Some("application/prod/shop"));
    assert_eq!((links[1].to.as_str(), &links[1].became), ("elsewhere", &None));

    // What was told comes back by a bridge: it is a fact, and nobody deploys anything by it.
    let bridged = json!({
        "specversion": "1.0", "id": "b-1", "source": "/bridge", "data": event,
        "type": "dev.cdevents.service.deployed.0.2.0"
    });
    let told = publish(&mut faber, &[bridged]).await;
    assert!(matches!(&told[0], Outcome::ExternalFact { .. }), "{told:?}");
}

#[tokio::test]
async fn an_approval_that_is_told_grants_nothing_and_a_grant_is_told() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut operator = plane.publisher("operator").await;
    let content = |more: Value| {
        let mut content = json!({"pipelineRun": {"id": "build-8"}, "phase": "release"});
        content
            .as_object_mut()
            .expect("an object")
            .extend(more.as_object().cloned().into_iter().flatten());
        content
    };
    let closed = cdevent("a-1", "approval.closed", 1, "a", content(json!({"status": "approved"})));
    let told = publish(&mut faber, &[closed]).await;
    assert!(matches!(&told[0], Outcome::Event { name, .. } if name == "approval_answered"));
    let ask = |kind: &str, id: &str, data: Value| json!({"specversion": "1.0", "id": id, "source": "/test", "type": kind, "data": data});
    let request = json!({"run": "/forge/ci#build-8", "phase": "release"});
    let told = publish(&mut faber, &[ask("helmstream.approval.request.v1", "r", request)]).await;
    let Outcome::Event { name, aggregate, .. } = &told[0] else { panic!("{told:?}") };
    assert_eq!(name, "requested", "the claim that it was granted granted nothing");
    let grant = ask("helmstream.approval.grant.v1", "g", json!({ "approval": aggregate }));
    let told = publish(&mut operator, &[grant]).await;
    assert!(matches!(&told[0], Outcome::Event { name, .. } if name == "granted"), "{told:?}");
    let out = out(&plane, 2).await;
    let kinds: Vec<_> = out.iter().map(|m| m.attributes.get(ce::TYPE).expect("a type")).collect();
    assert_eq!(
        kinds,
        [
            "dev.cdeventsx.helmstream-approval.created.0.1.0",
            "dev.cdeventsx.helmstream-approval.closed.0.1.0"
        ]
    );
}
