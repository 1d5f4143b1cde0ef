//! The other ways in: an action over HTTP, an entity's event, and what is published once more.

use helmstream_schemas::{ActorKind, access::Role, outcome::Outcome};
use helmstream_tests::web::Web;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Traced, begun, span_of};

const ACTED: &str = "\
http: POST /v1/approvals (server, -, event)
  door: admit INBOX (consumer, INBOX, command)
    approval: decide approval (consumer, COMMANDS, event)
      approval: append EVENTS (producer, EVENTS, stored)
        approval: fold approval (consumer, EVENTS, folded)
        deadline: fold deadline (consumer, EVENTS, folded)
        ledger: fold ledger (consumer, EVENTS, folded)
        cdevents: tell OUT (producer, EVENTS, -)
    ledger: fold ledger (consumer, COMMANDS, folded)
";

/// Nobody waits for what it becomes.
const TOLD: &str = "\
http: POST /v1/faber/entity-events (server, -, -)
  door: admit INBOX (consumer, INBOX, command)
    run: decide run (consumer, COMMANDS, event)
      run: append EVENTS (producer, EVENTS, stored)
        deadline: fold deadline (consumer, EVENTS, folded)
        ledger: fold ledger (consumer, EVENTS, folded)
        run: fold run (consumer, EVENTS, folded)
    ledger: fold ledger (consumer, COMMANDS, folded)
";

/// What could not be read cannot be read again.
const RETRIED: &str = "\
door: admit INBOX (consumer, INBOX, command)
  dead_letter: decide dead_letter (consumer, COMMANDS, event)
    dead_letter: append EVENTS (producer, EVENTS, stored)
      dead_letter: fold dead_letter (consumer, EVENTS, folded)
      ledger: fold ledger (consumer, EVENTS, folded)
      dead_letter: retry INBOX (producer, EVENTS, -)
        door: admit INBOX (consumer, INBOX, dead_letter)
      cdevents: tell OUT (producer, EVENTS, -)
  ledger: fold ledger (consumer, COMMANDS, folded)
";

/// Asks in a trace; its tree is to be this one.
async fn draws(traced: &Traced, web: &Web, path: &str, body: &Value, tree: &str) {
    let trace = begun(true);
    let request = web.request(Method::POST, path).header("traceparent", trace.to_string());
    let request = request.header("content-type", "application/json").header("prefer", "wait=20");
    let answer = request.body(body.to_string()).send().await.expect("it answers");
    assert_eq!(answer.status(), 200, "{path}");
    traced.receiver.drawn(&trace.trace_hex(), &span_of(&trace), tree).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_done_over_http_is_a_tree_below_its_request() {
    let traced = Traced::start().await;
    let web = Web::with_role(&traced.plane, "dana", ActorKind::Human, Role::Admin).await;
    let asked = json!({"run": "acme/shop/7", "phase": "release"});
    draws(&traced, &web, "/v1/approvals", &asked, ACTED).await;
    let told = json!({
        "event_type": "entity.step.completed", "event_id": "evt_traced",
        "timestamp": "2026-03-01T10:00:00.250Z",
        "source": {"organization": "acme", "project": "shop", "hostname": "build-4"},
        "entity": {"organization": "acme", "project": "shop", "type": "page", "id": "page-7"},
        "step": {
            "step_id": "build-page", "execution_status": "completed", "phase": "build",
            "run_id": "acme/shop/7", "work_id": "42"
        },
        "entity_snapshot": {"status": "in_progress"}
    });
    draws(&traced, &web, "/v1/faber/entity-events", &told, TOLD).await;
    traced.process.stop().await.expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_published_once_more_belongs_to_the_trace_of_whoever_asked_for_it() {
    let traced = Traced::start().await;
    let mut faber = traced.plane.publisher("faber").await;
    let inbox_sequence = faber.publish_bytes(b"{\"specversion\":".to_vec()).await;
    let told = faber.hear(inbox_sequence).await;
    let Outcome::DeadLetter { dead_sequence, .. } = told else { panic!("{told:?}") };
    let trace = begun(true);
    let again = json!({
        "specversion": "1.0", "id": "again", "source": "/test",
        "type": "helmstream.dead_letter.retry.v1", "traceparent": trace.to_string(),
        "data": {
            "inbox_sequence": inbox_sequence, "dead_sequence": dead_sequence, "reason": "mended"
        },
    });
    traced.plane.publisher("operator").await.publish(&again).await;
    traced.receiver.drawn(&trace.trace_hex(), &span_of(&trace), RETRIED).await;
    traced.process.stop().await.expect("it ends in order");
}
