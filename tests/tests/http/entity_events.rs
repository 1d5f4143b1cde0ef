//! Events of entities in the form of Helm's cloud, as FABER's sender sends them: every type and
//! every error, and what becomes of what was taken.

use helmstream_core::door::ENTITY_EVENTS;
use helmstream_schemas::{ActorKind, access::Role, attributes as ce, outcome::Outcome};
use helmstream_stream::read::extent;
use helmstream_tests::{
    harness::TestPlane,
    patience::eventually,
    running::{ALL, Running},
    sender::{Sender, Sent},
    web::{Answered, Web},
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{head, plane};

const PATH: &str = "/v1/faber/entity-events";

fn told(kind: &str, id: &str) -> Value {
    json!({
        "event_type": kind, "event_id": id, "timestamp": "2026-03-01T09:59:00.250Z",
        "source": { "organization": "acme", "project": "shop", "hostname": "build-4" },
        "entity": { "organization": "acme", "project": "shop", "type": "page", "id": "page-7" },
        "step": {
            "step_id": "build-page", "execution_status": "completed", "phase": "build",
            "run_id": "acme/shop/7", "work_id": "42"
        },
        "entity_snapshot": { "status": "in_progress" }
    })
}

async fn sender(plane: &Running, actor: &str) -> Sender {
    Sender::new(Web::with_role(plane, actor, ActorKind::Service, Role::Publisher).await)
}

/// The last position of INBOX: how much was ever stored there.
async fn stored(plane: &Running) -> u64 {
    extent(&plane.operator, "INBOX").await.expect("the log answers").last
}

/// What became of what was stored last.
async fn came_of_it(plane: &Running) -> Outcome {
    plane.outcome(stored(plane).await).await
}

fn code(answered: &Answered) -> (u16, &str, Option<&str>) {
    assert_eq!(answered.body["status"], "error", "{answered:?}");
    assert_eq!(answered.headers["content-type"], "application/json");
    let message = answered.body["message"].as_str().expect("a message");
    assert!(!message.is_empty());
    let code = answered.body["error_code"].as_str().expect("a code");
    (answered.status, code, answered.body["details"]["field"].as_str())
}

#[tokio::test]
async fn every_type_is_taken_and_becomes_what_a_run_is_told_or_a_fact() {
    let (plane, _) = plane().await;
    let mut sender = sender(&plane, "sender").await;
    for (n, kind) in ENTITY_EVENTS.into_iter().enumerate() {
        let (before, id) = (head(&plane).await, format!("evt_{n}"));
        let answered = sender.ask(told(kind, &id).to_string()).await;
        assert_eq!(answered.status, 200, "{answered:?}");
        assert_eq!(answered.body["status"], "accepted");
        assert_eq!(answered.body["event_id"], id.as_str());
        assert!(!answered.body["message"].as_str().expect("a message").is_empty());
        let outcome = came_of_it(&plane).await;
        let is_of_run = kind.starts_with("entity.step.") || kind == "entity.workflow.completed";
        match &outcome {
            Outcome::Event { name, .. } => {
                assert!(is_of_run && name == "observed", "{kind}: {name}")
            }
            Outcome::ExternalFact { .. } => assert!(!is_of_run, "{kind}"),
            other => panic!("{kind}: {other:?}"),
        }
        // The first of a run gives it its name too.
        let added = head(&plane).await - before;
        assert!(added == 1 || (is_of_run && added == 2), "{kind}: {added} events");
        let before = head(&plane).await;
        assert_eq!(sender.send(&told(kind, &id)).await, Sent::Accepted, "sent again");
        let again = came_of_it(&plane).await;
        assert!(matches!(again, Outcome::DuplicateOf { .. }), "{again:?}");
        assert_eq!(head(&plane).await, before, "a repeat adds nothing");
    }
    let run = plane.run("acme/shop/7").await.expect("the run is in the view");
    assert_eq!(run.run.timeline.len(), 5, "{:?}", run.run.timeline);
    assert_eq!((run.run.summary.claims, run.run.disputes.len()), (0, 0), "none is a claim");
    let facts = plane.events("evt.external.>").await;
    assert_eq!(facts.len(), 3);
    let fact: Value = serde_json::from_slice(&facts[0].payload).expect("JSON");
    assert_eq!((&fact["id"], &fact["data"]), (&json!("evt_0"), &told(ENTITY_EVENTS[0], "evt_0")));
    assert_eq!(facts[0].attributes.get(ce::ACTOR), Some("sender"));
}

#[tokio::test]
async fn the_same_event_out_of_the_projects_folder_changes_nothing_and_another_is_a_conflict() {
    let (plane, _) = plane().await;
    let mut sender = sender(&plane, "sender").await;
    let body = told("entity.step.completed", "evt_a");
    assert_eq!(sender.send(&body).await, Sent::Accepted);
    let first = came_of_it(&plane).await;
    assert!(matches!(first, Outcome::Event { .. }), "{first:?}");
    let mut folder = plane.publisher("faber").await;
    let file = json!({
        "specversion": "1.0", "id": "f-1", "source": "shop", "type": "helmstream.faber.file.v1",
        "data": { "shape": "entity_event", "path": "logs/entities/page-7.json", "content": body },
    });
    let found = folder.publish(&file).await;
    let found = folder.hear(found).await;
    assert!(matches!(found, Outcome::Unchanged { .. }), "{found:?}");
    let mut other = body;
    other["step"]["execution_status"] = "failed".into();
    assert_eq!(sender.send(&other).await, Sent::Accepted, "it is stored, and not yet decided");
    let told = came_of_it(&plane).await;
    assert!(
        matches!(&told, Outcome::DeadLetter { reason, .. } if reason == "conflict"),
        "{told:?}"
    );
}

/// A body that is not taken, with the code and the field that it is refused by.
fn bad() -> Vec<(&'static str, Option<&'static str>, String)> {
    let good = told("entity.created", "evt_bad");
    let with = |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).expect("it is there") = value;
        body.to_string()
    };
    let without = |holder: &str, name: &str| {
        let mut body = good.clone();
        let held = body.pointer_mut(holder).and_then(Value::as_object_mut);
        held.expect("an object").remove(name);
        body.to_string()
    };
    let twice = good.to_string().replacen("\"event_id\":", "\"event_id\":\"a\",\"event_id\":", 1);
    vec![
        ("INVALID_JSON", Some("body"), "{".to_owned()),
        ("INVALID_JSON", Some("body"), String::new()),
        ("INVALID_JSON", Some("body"), twice),
        ("MISSING_FIELD", Some("event_type"), "[]".to_owned()),
        ("MISSING_FIELD", Some("event_type"), "7".to_owned()),
        ("MISSING_FIELD", Some("event_type"), without("", "event_type")),
        ("INVALID_EVENT_TYPE", Some("event_type"), with("/event_type", json!("entity.painted"))),
        ("INVALID_FIELD", Some("event_type"), with("/event_type", json!(7))),
        ("MISSING_FIELD", Some("event_id"), without("", "event_id")),
        ("INVALID_FIELD", Some("event_id"), with("/event_id", json!(""))),
        ("INVALID_FIELD", Some("event_id"), with("/event_id", json!("x".repeat(2_049)))),
        ("MISSING_FIELD", Some("timestamp"), without("", "timestamp")),
        ("INVALID_FIELD", Some("timestamp"), with("/timestamp", json!("2026-03-01T10:00:00"))),
        ("MISSING_FIELD", Some("source.organization"), without("", "source")),
        ("INVALID_FIELD", Some("source.organization"), with("/source/organization", json!(["a"]))),
        ("INVALID_FIELD", Some("source.project"), with("/source/project", json!("x".repeat(81)))),
        ("MISSING_FIELD", Some("source.project"), without("/source", "project")),
        ("MISSING_FIELD", Some("entity.type"), without("/entity", "type")),
        ("MISSING_FIELD", Some("entity.id"), without("/entity", "id")),
        ("TOO_LARGE", None, with("/entity_snapshot", json!("x".repeat(65_536)))),
    ]
}

#[tokio::test]
async fn every_error_has_its_code_in_the_senders_form_and_stores_nothing() {
    let (plane, admin) = plane().await;
    let mut sender = sender(&plane, "sender").await;
    let viewer = Web::with_role(&plane, "vera", ActorKind::Human, Role::Viewer).await;
    let (kind, role) = (ActorKind::Service, Role::Publisher);
    let elsewhere = Web::within(&plane, "ella", kind, role, &["approval"]).await;
    let before = (stored(&plane).await, head(&plane).await);
    for (wanted, field, body) in bad() {
        let shown: String = body.chars().take(80).collect();
        let answered = sender.ask(body).await;
        assert_eq!(code(&answered), (400, wanted, field), "{shown}: {answered:?}");
        let allowed = answered.body["details"]["allowed_values"].as_array().map(Vec::len);
        assert_eq!(allowed, (wanted == "INVALID_EVENT_TYPE").then_some(ENTITY_EVENTS.len()));
    }
    let body = told("entity.created", "evt_bad");
    let text = ("text/plain", body.to_string().into_bytes());
    let typed = sender.web.try_send(Method::POST, PATH, Some(text)).await.expect("it answers");
    assert_eq!(code(&typed), (400, "UNSUPPORTED_TYPE", None));
    let got = sender.web.get(PATH).await;
    assert_eq!(code(&got), (405, "METHOD_NOT_ALLOWED", None));
    assert_eq!(got.headers["allow"], "POST");

    for (web, wanted) in [(viewer, "viewer"), (elsewhere, "elsewhere")] {
        let refused = web.post(PATH, &body).await;
        assert_eq!(code(&refused), (403, "FORBIDDEN", None), "{wanted}");
        assert_eq!(Sender::new(web).send(&body).await, Sent::Dropped("FORBIDDEN".into()));
    }
    for token in ["", "nobody", "hst_0000"] {
        let mut nobody = admin.clone();
        nobody.token = token.to_owned();
        let refused = nobody.post(PATH, &body).await;
        assert_eq!(code(&refused), (401, "UNAUTHORIZED", None), "{token}");
        assert!(refused.headers.contains_key("www-authenticate"));
    }
    sender.web.token = "nobody".to_owned();
    assert_eq!((sender.send(&body).await, sender.is_on), (Sent::Off, false));
    assert_eq!((stored(&plane).await, head(&plane).await), before, "nothing was stored");
}

#[tokio::test]
async fn a_sender_that_sends_too_much_is_told_to_wait_and_nobody_else_is() {
    let (plane, _) = plane().await;
    let mut sender = sender(&plane, "sender").await;
    let other =
        Sender::new(Web::with_role(&plane, "other", ActorKind::Service, Role::Publisher).await);
    let mut taken = 0;
    let refused = loop {
        let answered = sender.ask("{}").await;
        match answered.status {
            400 => taken += 1,
            _ => break answered,
        }
    };
    assert_eq!(code(&refused), (429, "RATE_LIMITED", None));
    assert!((1_000..=2_000).contains(&taken), "{taken} were looked at");
    let wait: u64 =
        refused.headers["retry-after"].to_str().expect("a number").parse().expect("one");
    assert!((1..=60).contains(&wait), "{wait}");
    assert_eq!(other.ask(told("entity.created", "evt_o").to_string()).await.status, 200);
    assert_eq!(sender.send(&told("entity.created", "evt_w")).await, Sent::Accepted);
    eventually("what was sent at last", async || {
        let facts = plane.events("evt.external.>").await;
        (facts.len() == 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn while_nats_is_away_a_sender_tries_again_and_nothing_is_lost_or_doubled() {
    let mut plane = TestPlane::start_running(&ALL).await;
    let mut sender = sender(&plane, "sender").await;
    plane.plane.nats.stop().await;
    let refused = sender.ask(told("entity.created", "evt_n").to_string()).await;
    assert_eq!(code(&refused), (503, "UNAVAILABLE", None));
    assert!(refused.headers.contains_key("retry-after"));
    sender.pause = std::time::Duration::from_millis(1);
    assert_eq!(sender.send(&told("entity.created", "evt_n")).await, Sent::GaveUp);
    plane.plane.nats.restart().await.expect("it comes back");
    eventually("an event that is taken", async || {
        (sender.send(&told("entity.created", "evt_n")).await == Sent::Accepted).then_some(())
    })
    .await;
    eventually("the fact that it is", async || {
        (plane.events("evt.external.>").await.len() == 1).then_some(())
    })
    .await;
}
