//! Publishing over HTTP: three modes that are one event, answers that tell what became of it, and
//! who is told to have published it.

use helmstream_schemas::{ActorKind, access::Role};
use helmstream_tests::web::{Answered, Web};
use reqwest::Method;
use serde_json::{Value, json};

use super::{event, head, plane};

async fn in_binary(web: &Web, event: &Value, data: &str) -> Answered {
    let mut request = web.request(Method::POST, "/v1/events").body(data.to_owned());
    for name in ["specversion", "id", "source", "type"] {
        request = request.header(format!("ce-{name}"), event[name].as_str().unwrap_or_default());
    }
    let response = request.header("content-type", "application/json").send().await;
    Answered::of(response.expect("it answers")).await.expect("it answers whole")
}

#[tokio::test]
async fn an_event_is_one_event_in_whichever_mode_it_comes() {
    let (_plane, web) = plane().await;
    let first = web.publish(&event("a")).await;
    assert_eq!((first.status, first.body["outcome"].as_str()), (200, Some("external_fact")));
    let again = in_binary(&web, &event("a"), r#"{ "celsius": 21.5 }"#).await;
    assert_eq!(again.body["outcome"], "duplicate_of", "{again:?}");
    assert_eq!(again.body["first_inbox_sequence"], first.body["inbox_sequence"]);
    let other = in_binary(&web, &event("a"), r#"{ "celsius": 22 }"#).await;
    assert_eq!((other.status, other.body["reason"].as_str()), (409, Some("conflict")));
    let batch = json!([event("a"), event("b"), event("c")]);
    let body = ("application/cloudevents-batch+json", batch.to_string().into_bytes());
    let batch = web.try_send(Method::POST, "/v1/events", Some(body)).await.expect("it answers");
    let outcomes: Vec<&str> = batch
        .body
        .as_array()
        .expect("one for each")
        .iter()
        .filter_map(|one| one["outcome"].as_str())
        .collect();
    assert_eq!(outcomes, ["duplicate_of", "external_fact", "external_fact"]);
}

#[tokio::test]
async fn a_batch_with_one_bad_member_changes_nothing_and_names_it() {
    let (plane, web) = plane().await;
    let before = head(&plane).await;
    let mut bad = event("x");
    bad.as_object_mut().expect("an object").remove("source");
    let batch = json!([event("y"), bad, event("z")]);
    let body = ("application/cloudevents-batch+json", batch.to_string().into_bytes());
    let refused = web.try_send(Method::POST, "/v1/events", Some(body)).await.expect("it answers");
    assert_eq!((refused.status, refused.problem()), (400, "not_an_event"));
    let detail = refused.body["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("event 1 of the batch") && detail.contains("source"), "{detail}");
    assert_eq!(web.publish(&event("y")).await.body["outcome"], "external_fact");
    assert_eq!(head(&plane).await, before + 1);
}

#[tokio::test]
async fn an_outcome_that_is_not_in_yet_is_found_where_the_answer_says() {
    let (mut plane, web) = plane().await;
    plane.stop("door").await.expect("it ends in order");
    let request = web.request(Method::POST, "/v1/events").header("prefer", "wait=0");
    let request = request.header("content-type", "application/cloudevents+json");
    let response = request.body(event("late").to_string()).send().await.expect("it answers");
    let answered = Answered::of(response).await.expect("it answers whole");
    assert_eq!(answered.status, 202);
    let location = answered.headers["location"].to_str().expect("a path").to_owned();
    let sequence = answered.body["inbox_sequence"].as_u64().expect("a position");
    let open = web.get(&format!("/v1/outcomes/{sequence}")).await;
    assert_eq!((open.status, open.body.get("outcome")), (200, None), "{open:?}");
    plane.serve(&["door"]);
    let found = web.get(&format!("/v1/outcomes/{sequence}?wait_seconds=30")).await;
    assert_eq!(found.body["outcome"], "external_fact", "{found:?}");
    plane.level().await;
    let found = web.get(&location).await;
    assert_eq!((found.status, found.body["outcome"].as_str()), (200, Some("external_fact")));
}

#[tokio::test]
async fn whoever_has_the_token_acts_and_what_is_asked_twice_under_one_key_is_done_once() {
    let (plane, _) = plane().await;
    let operator = Web::with_role(&plane, "sam", ActorKind::Human, Role::Operator).await;
    let registry = json!({
        "deployment_id": "d-1", "domain": "application", "environment": "prod", "name": "shop",
    });
    let asked = async |body: &Value| {
        let request = operator.request(Method::POST, "/v1/deployments");
        let request = request.header("idempotency-key", "once-1");
        let request = request.header("content-type", "application/json").body(body.to_string());
        Answered::of(request.send().await.expect("it answers")).await.expect("it answers whole")
    };
    let first = asked(&registry).await;
    assert_eq!((first.status, first.body["outcome"].as_str()), (200, Some("event")), "{first:?}");
    let again = asked(&registry).await;
    assert_eq!((again.status, again.body["outcome"].as_str()), (200, Some("duplicate_of")));
    let mut other = registry.clone();
    other["name"] = "basket".into();
    assert_eq!(asked(&other).await.status, 409, "the key stands for something else");

    let sequence = first.body["sequence"].as_u64().expect("a position");
    let shown = operator.get(&format!("/v1/events/{sequence}?min_seq={sequence}")).await;
    assert_eq!(shown.body["actor"], "sam", "{shown:?}");
    let listed = operator.get("/v1/deployments?domain=application").await;
    assert_eq!(listed.body["units"].as_array().map(Vec::len), Some(1), "{listed:?}");
}
