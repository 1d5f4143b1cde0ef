//! A publish with a trace is one tree, from where it came in to the views and to what follows of it.

use async_nats::HeaderMap;
use helmstream_schemas::{ActorKind, access::Role, outcome::Outcome};
use helmstream_stream::publish::store;
use helmstream_tests::{
    faber::{external, said},
    race::now,
    web::Web,
};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Traced, begun, span_of, with_trace};

/// What a question at a gate comes to, once it lies in INBOX.
const ADMITTED: &str = "\
door: admit INBOX (consumer, INBOX, command)
  run: decide run (consumer, COMMANDS, event)
    run: append EVENTS (producer, EVENTS, stored)
      deadline: fold deadline (consumer, EVENTS, folded)
      ledger: fold ledger (consumer, EVENTS, folded)
      run: fold run (consumer, EVENTS, folded)
      approval: react run (consumer, EVENTS, -)
        approval: decide approval (consumer, COMMANDS, event)
          approval: append EVENTS (producer, EVENTS, stored)
            approval: fold approval (consumer, EVENTS, folded)
            deadline: fold deadline (consumer, EVENTS, folded)
            ledger: fold ledger (consumer, EVENTS, folded)
            cdevents: tell OUT (producer, EVENTS, -)
        ledger: fold ledger (consumer, COMMANDS, folded)
  ledger: fold ledger (consumer, COMMANDS, folded)
";

/// A fact without a meaning here.
pub(crate) const FACT: &str = "\
door: admit INBOX (consumer, INBOX, command)
  external: decide external (consumer, COMMANDS, external_fact)
    external: append EVENTS (producer, EVENTS, stored)
      ledger: fold ledger (consumer, EVENTS, folded)
  ledger: fold ledger (consumer, COMMANDS, folded)
";

/// A level further in, below the request that it came by.
fn below(first: &str, tree: &str) -> String {
    let each = tree.lines().map(|line| format!("  {line}\n"));
    format!("{first}\n{}", each.collect::<String>())
}

async fn begin(traced: &Traced, run: &str) {
    let guarded = json!({"timestamp": now().to_string(), "metadata": {"autonomy": "guarded"}});
    let start = said(run, 1, "workflow_start", guarded);
    let mut faber = traced.plane.publisher("faber").await;
    let sequence = faber.publish(&start).await;
    assert!(matches!(faber.hear(sequence).await, Outcome::Event { .. }));
}

fn asked(run: &str) -> Value {
    let at = now().to_string();
    let asked = json!({"timestamp": at, "phase": "release", "message": "merge #81?"});
    said(run, 2, "approval_request", asked)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_at_a_gate_is_one_tree_from_the_door_to_the_approval_that_it_asks_for() {
    let traced = Traced::start().await;
    begin(&traced, "acme/shop-1").await;
    let trace = begun(true);
    let mut faber = traced.plane.publisher("faber").await;
    let inbox = faber.publish(&with_trace(asked("acme/shop-1"), &trace.to_string())).await;
    let Outcome::Event { sequence, .. } = faber.hear(inbox).await else { panic!("an event") };
    traced.receiver.drawn(&trace.trace_hex(), &span_of(&trace), ADMITTED).await;

    let spans = traced.receiver.of(&trace.trace_hex());
    let told = |name: &str, context: &str| {
        let of = |span: &&super::wire::Span| {
            span.name == name && span.told.get("helmstream.context").is_some_and(|at| at == context)
        };
        spans.iter().find(of).unwrap_or_else(|| panic!("{name}")).told.clone()
    };
    let admitted = told("admit INBOX", "run");
    assert_eq!(admitted["helmstream.sequence"], inbox.to_string());
    assert_eq!(admitted["helmstream.subject"], "in.faber");
    assert_eq!(admitted["messaging.system"], "nats");
    assert_eq!(admitted["messaging.operation.type"], "process");
    let decided = told("decide run", "run");
    assert_eq!(decided["helmstream.aggregate"], "acme/shop-1");
    assert_eq!(decided["helmstream.command_id"], admitted["helmstream.command_id"]);
    assert_eq!(decided["messaging.message.conversation_id"], "acme/shop-1");
    assert_eq!(decided["messaging.destination.name"], "COMMANDS");
    let folded = told("fold run", "run");
    assert_eq!(folded["helmstream.sequence"], sequence.to_string());
    assert_eq!(folded["helmstream.command_id"], admitted["helmstream.command_id"]);
    assert_eq!(folded["helmstream.subject"], "evt.run.acme/shop-1");
    assert_eq!(folded["helmstream.edition"], "run_v1");
    let follows = told("decide approval", "approval");
    assert_eq!(follows["helmstream.aggregate"], "acme/shop-1@release");
    assert_eq!(follows["messaging.message.conversation_id"], "acme/shop-1");
    assert!(spans.iter().all(|span| !span.failed && span.links.is_empty()));
    assert!(traced.counted("sent").await >= spans.len() as f64);
    assert_eq!(traced.counted("dropped").await, 0.0);
    let head = traced.receiver.head();
    assert!(head.starts_with("post /v1/traces http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf\r\n"), "{head}");
    traced.process.stop().await.expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_way_a_publish_comes_in_its_trace_is_heard() {
    let traced = Traced::start().await;
    let mut faber = traced.plane.publisher("faber").await;
    let publish = async |headers: &[(&str, &str)], payload: &[u8]| {
        let mut all = HeaderMap::new();
        headers.iter().for_each(|(name, value)| all.insert(*name, *value));
        let payload = payload.to_vec().into();
        store(&faber.connection, "in.faber", all, payload).await.expect("it is stored")
    };
    // In binary mode, as an attribute.
    let binary = begun(true);
    let attributes = [
        ("ce-specversion", "1.0"),
        ("ce-id", "b-1"),
        ("ce-source", "/sensors/7"),
        ("ce-type", "com.example.ticked"),
        ("ce-traceparent", &binary.to_string()),
    ];
    publish(&attributes, b"{}").await;
    // As a header of the message, under the name that some clients make of it.
    let plain = begun(true);
    let event = external("/sensors/7", "p-1", json!({})).to_string();
    publish(&[("Traceparent", &plain.to_string())], event.as_bytes()).await;
    for trace in [binary, plain] {
        traced.receiver.drawn(&trace.trace_hex(), &span_of(&trace), FACT).await;
    }
    // The header is nearer than the attribute; the trace of that one is named.
    let (near, own) = (begun(true), begun(true));
    let event = with_trace(external("/sensors/7", "n-1", json!({})), &own.to_string());
    publish(&[("traceparent", &near.to_string())], event.to_string().as_bytes()).await;
    traced.receiver.drawn(&near.trace_hex(), &span_of(&near), FACT).await;
    let spans = traced.receiver.of(&near.trace_hex());
    let linked: Vec<_> = spans.iter().filter(|span| !span.links.is_empty()).collect();
    assert_eq!(linked.len(), 1);
    assert_eq!((&*linked[0].name, &linked[0].links[..]), ("admit INBOX", &[own.trace_hex()][..]));
    assert!(traced.receiver.of(&own.trace_hex()).is_empty());
    // The same again is a repeat, and what cannot be read is kept; both are told.
    let (again, garbled) = (begun(true), begun(true));
    publish(&[("traceparent", &again.to_string())], event.to_string().as_bytes()).await;
    publish(&[("traceparent", &garbled.to_string())], b"{\"specversion\":").await;
    let repeat = "door: admit INBOX (consumer, INBOX, duplicate)\n";
    traced.receiver.drawn(&again.trace_hex(), &span_of(&again), repeat).await;
    let dead = "door: admit INBOX (consumer, INBOX, dead_letter)\n";
    traced.receiver.drawn(&garbled.trace_hex(), &span_of(&garbled), dead).await;
    assert!(traced.receiver.of(&garbled.trace_hex())[0].failed);
    let sequence = faber.publish(&external("/sensors/7", "last", json!({}))).await;
    faber.hear(sequence).await;
    traced.process.stop().await.expect("it ends in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http_the_request_is_the_first_span_and_every_event_has_its_own() {
    let traced = Traced::start().await;
    let web = Web::with_role(&traced.plane, "ci", ActorKind::Service, Role::Publisher).await;
    let post = async |kind: &str, header: Option<&str>, body: &Value| {
        let mut request = web.request(Method::POST, "/v1/events").header("content-type", kind);
        if let Some(header) = header {
            request = request.header("traceparent", header);
        }
        let answer = request.header("prefer", "wait=20").body(body.to_string()).send().await;
        answer.expect("it answers").status().as_u16()
    };
    let structured = "application/cloudevents+json";
    let fact = |id: &str| external("/sensors/8", id, json!({}));
    let received = "http: POST /v1/events (server, -, external_fact)";
    // As a header of the request.
    let trace = begun(true);
    assert_eq!(post(structured, Some(&trace.to_string()), &fact("1")).await, 200);
    traced.receiver.drawn(&trace.trace_hex(), &span_of(&trace), &below(received, FACT)).await;
    let spans = traced.receiver.of(&trace.trace_hex());
    let first = spans.iter().find(|span| span.kind == "server").expect("it was drawn");
    assert_eq!(first.told["http.response.status_code"], "200");
    assert_eq!(first.told["http.route"], "/v1/events");
    // As an attribute, each event of a batch its own.
    let traces = [begun(true), begun(true)];
    let events: Vec<Value> = traces
        .iter()
        .enumerate()
        .map(|(at, trace)| with_trace(fact(&format!("of-batch-{at}")), &trace.to_string()))
        .collect();
    let batch = "application/cloudevents-batch+json";
    assert_eq!(post(batch, None, &events.into()).await, 200);
    for trace in traces {
        traced.receiver.drawn(&trace.trace_hex(), &span_of(&trace), &below(received, FACT)).await;
    }
    traced.process.stop().await.expect("it ends in order");
}
