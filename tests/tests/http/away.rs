//! While NATS or Postgres is away: what cannot be done is said to be so and changes nothing, what
//! can be done is done, and readiness names the reason.

use helmstream_schemas::{ActorKind, access::Role};
use helmstream_tests::{
    harness::TestPlane,
    patience::eventually,
    running::ALL,
    web::{Answered, Web},
};

use super::event;

fn well<'a>(ready: &'a Answered, name: &str) -> &'a str {
    let checks = ready.body["checks"].as_array().expect("checks");
    let check = checks.iter().find(|check| check["name"] == name).expect("it is checked");
    check["reason"].as_str().expect("a reason")
}

async fn is_ready(web: &Web) -> bool {
    eventually("readiness", async || {
        let ready = web.get("/readyz").await;
        (ready.status == 200).then_some(true)
    })
    .await
}

#[tokio::test]
async fn without_nats_nothing_is_taken_and_without_postgres_nothing_is_shown_but_all_is_taken() {
    let plane = TestPlane::start_alone().await;
    let mut plane = plane.into_running(&ALL).await;
    let web = Web::with_role(&plane, "dana", ActorKind::Human, Role::Admin).await;
    assert!(is_ready(&web).await);

    let postgres = plane.plane.postgres.as_mut().expect("it is this test's own");
    postgres.stop().await;
    let refused = web.get("/v1/runs").await;
    assert_eq!((refused.status, refused.problem()), (503, "away"), "{refused:?}");
    assert!(refused.headers.contains_key("retry-after"));
    let request = web.request(reqwest::Method::POST, "/v1/events").header("prefer", "wait=0");
    let request = request.header("content-type", "application/cloudevents+json");
    let taken = request.body(event("meanwhile").to_string()).send().await.expect("it answers");
    assert_eq!(taken.status(), 202, "publishing does not need the views");
    eventually("readiness that names Postgres", async || {
        let ready = web.get("/readyz").await;
        (ready.status == 503 && !well(&ready, "postgres").is_empty()).then_some(())
    })
    .await;
    assert_eq!(web.get("/livez").await.status, 200);
    let postgres = plane.plane.postgres.as_mut().expect("it is this test's own");
    postgres.restart().await.expect("it comes back");
    assert!(is_ready(&web).await);

    plane.plane.nats.stop().await;
    let refused = web.publish(&event("lost")).await;
    assert_eq!((refused.status, refused.problem()), (503, "away"), "{refused:?}");
    let ready = web.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(!well(&ready, "nats").is_empty(), "{ready:?}");
    assert_eq!(web.get("/livez").await.status, 200);
    plane.plane.nats.restart().await.expect("it comes back");
    assert!(is_ready(&web).await);
    let after = web.publish(&event("after")).await;
    assert!(after.is_success(), "taken, and decided once the door has found back: {after:?}");
}
