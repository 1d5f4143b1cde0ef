//! External facts by what they are about, over HTTP and straight from the plane: in either
//! vocabulary, from whatever source, page by page, and nothing that only mentions it.

use helmstream_services::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        event::ListRequest,
    },
    local::plane::Plane,
};
use helmstream_tests::{
    patience::PATIENCE,
    web::{Answered, Web},
};
use serde_json::{Value, json};

use super::plane;

const ARTIFACT: &str = "pkg:oci/shop@sha256:0b31";

fn fact(id: &str, source: &str, subject: Option<&str>, data: Value) -> Value {
    let mut event = json!({
        "specversion": "1.0", "id": id, "source": source, "type": "com.example.seen", "data": data,
    });
    if let Some(subject) = subject {
        event["subject"] = subject.into();
    }
    event
}

fn cdevent(id: &str, source: &str, artifact: &str) -> Value {
    let kind = "dev.cdevents.artifact.published.0.2.0";
    let told = json!({
        "context": { "version": "0.4.1", "id": id, "source": source, "type": kind, "timestamp": "2026-03-01T10:00:00Z" },
        "subject": { "id": artifact, "type": "artifact", "content": {} },
    });
    json!({ "specversion": "1.0", "id": id, "source": source, "type": kind, "data": told })
}

async fn found(web: &Web, query: &[(&str, &str)]) -> (Vec<u64>, Value) {
    let request = web.request(reqwest::Method::GET, "/v1/events").query(query);
    let response = request.send().await.expect("it answers");
    let body = Answered::of(response).await.expect("it answers whole").body;
    let events = body["events"].as_array().unwrap_or_else(|| panic!("{body}"));
    let sequences = events.iter().filter_map(|event| event["sequence"].as_u64()).collect();
    (sequences, body["next"].clone())
}

#[tokio::test]
async fn facts_about_a_thing_are_found_whoever_tells_them_and_those_that_only_mention_it_are_not() {
    let (plane, web) = plane().await;
    let odd = "a \"quoted\"\u{0} \\ thing, ü";
    let facts = [
        (true, cdevent("c-1", "/forge/a", ARTIFACT)),
        (false, fact("m-1", "/notes", None, json!({ "artifact": ARTIFACT }))),
        (true, fact("s-1", "/scanner", Some(ARTIFACT), json!({ "findings": 0 }))),
        (false, fact("m-2", "/notes", Some("another"), json!({ "subject": ARTIFACT }))),
        (false, fact("o-1", "/odd", Some(odd), Value::Null)),
        (true, cdevent("c-2", "/forge/b", ARTIFACT)),
    ];
    let mut wanted = Vec::new();
    for (is_about, fact) in &facts {
        let told = web.publish(fact).await;
        assert_eq!(told.body["outcome"], "external_fact", "{told:?}");
        if *is_about {
            wanted.push(told.body["sequence"].as_u64().expect("a position"));
        }
    }
    plane.level().await;
    assert_eq!(found(&web, &[("about", ARTIFACT)]).await, (wanted.clone(), Value::Null));
    let refused = web.get("/v1/events?about=a%00b").await;
    assert_eq!((refused.status, refused.problem()), (400, "bad_request"), "a query holds no NUL");
    for (name, value, left) in [
        ("aggregate", "/scanner", &wanted[1..2]),
        ("context", "external", &wanted[..]),
        ("context", "run", &[]),
        ("type", "recorded", &wanted[..]),
    ] {
        let found = found(&web, &[("about", ARTIFACT), (name, value)]).await.0;
        assert_eq!(found, left, "{name}={value}");
    }
    let at = wanted[1].to_string();
    assert_eq!(found(&web, &[("about", ARTIFACT), ("at", &at)]).await.0, wanted[..2]);
    let mut pages = Vec::new();
    let mut from = "1".to_owned();
    while pages.len() < wanted.len() {
        let page = [("about", ARTIFACT), ("limit", "1"), ("from_seq", &from)];
        let (page, next) = found(&web, &page).await;
        assert_eq!(page.len(), 1, "{pages:?}");
        pages.extend(page);
        from = next.to_string();
    }
    assert_eq!(pages, wanted);

    let manner =
        Manner { publisher: OPERATOR.into(), wait: Some(PATIENCE), outcome_wait: PATIENCE };
    let place = Plane::open(plane.plane.plane.directory()).expect("the plane is there");
    let operator = Direct::new(place, manner).expect("the operator may ask");
    let request = ListRequest { about: Some(odd.to_owned()), limit: 10, ..ListRequest::default() };
    let listed = operator.event_list(request).await.expect("the plane answers").answer.events;
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0].aggregate.as_str(), "/odd");
}
