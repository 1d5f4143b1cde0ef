//! A stream at its limit: publishers are refused with the server's reason, services wait and say so, and once
//! the limit is raised everything that was acknowledged has its outcome.

use std::time::Duration;

use async_nats::HeaderMap;
use helmstream_schemas::{ActorKind, Verdict, access::Role, outcome::Outcome};
use helmstream_services::heartbeat::HeartbeatArgs;
use helmstream_stream::{Connection, StreamError, publish::store};
use helmstream_tests::{
    admin::api,
    audit,
    faber::{external, whole},
    harness::TestPlane,
    patience::eventually,
    running::{ALL, Running},
    scrape::Process,
    web::Web,
};
use serde_json::{Value, json};

/// Limits a stream to what it holds; its configuration as it was.
async fn fill(admin: &Connection, stream: &str) -> Value {
    let info = api(admin, &format!("$JS.API.STREAM.INFO.{stream}"), json!({})).await;
    let mut config = info["config"].clone();
    config["max_bytes"] = json!(info["state"]["bytes"].as_u64().expect("a size").max(1));
    give(admin, stream, config).await;
    info["config"].clone()
}

/// Gives a stream a configuration.
pub(crate) async fn give(admin: &Connection, stream: &str, config: Value) {
    api(admin, &format!("$JS.API.STREAM.UPDATE.{stream}"), config).await;
}

pub(crate) async fn holds(plane: &Running) {
    plane.level().await;
    audit::decisions(&plane.plane).await;
    audit::outcomes(&plane.plane).await;
    audit::rows(&plane.plane).await;
}

#[tokio::test]
async fn a_full_inbox_refuses_with_its_reason_and_takes_again_once_the_door_empties_it() {
    let mut plane = TestPlane::start_running(&ALL).await;
    let web = Web::with_role(&plane, "dana", ActorKind::Human, Role::Admin).await;
    let admin = plane.plane.admin().await;
    plane.stop("door").await.expect("it ends in order");
    let mut faber = plane.publisher("faber").await;
    let events = whole("acme/full");
    let first = faber.publish(&events[0]).await;
    fill(&admin, "INBOX").await;

    let body = events[1].to_string().into_bytes();
    let refused = store(&faber.connection, "in.faber", HeaderMap::new(), body.into()).await;
    let error = refused.expect_err("there is no room");
    assert!(matches!(error, StreamError::Refused { status: 503, code: 10_077, .. }), "{error}");
    assert!(error.to_string().contains("maximum bytes exceeded"), "{error}");
    assert_eq!(error.verdict(), Verdict::Retry);
    let refused = web.publish(&external("/tests/full", "1", json!({}))).await;
    assert_eq!((refused.status, refused.problem()), (503, "away"), "{refused:?}");
    assert!(refused.body.to_string().contains("maximum bytes exceeded"), "{refused:?}");

    plane.serve(&["door"]);
    let told = faber.hear(first).await;
    assert!(matches!(told, Outcome::Event { .. }), "{told:?}");
    for event in &events[1..] {
        let position = eventually("room in INBOX", async || {
            let body = event.to_string().into_bytes();
            store(&faber.connection, "in.faber", HeaderMap::new(), body.into()).await.ok()
        })
        .await;
        let told = plane.outcome(position).await;
        assert!(matches!(told, Outcome::Event { .. }), "{told:?}");
    }
    holds(&plane).await;
}

/// Of each stream in the way of an event: who is stopped by it, and what is named.
const IN_THE_WAY: [(&str, &str, &str); 3] =
    [("COMMANDS", "door", "cmd"), ("EVENTS", "run", "evt"), ("JOURNAL", "door", "jrn")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_stream_on_the_way_is_waited_for_and_named_and_nothing_acknowledged_is_forgotten() {
    let mut plane = TestPlane::start_running(&[]).await;
    let admin = plane.plane.admin().await;
    let process = Process::of(&plane, HeartbeatArgs::default());
    let mut faber = plane.publisher("faber").await;
    let before = whole("acme/before");
    for event in &before {
        let position = faber.publish(event).await;
        faber.hear(position).await;
    }
    for (stream, service, root) in IN_THE_WAY {
        let config = fill(&admin, stream).await;
        let mut positions = Vec::new();
        // What was told before leaves its outcome on JOURNAL.
        for event in whole(&format!("acme/{root}")).iter().chain(&before[..2]) {
            positions.push(faber.publish(event).await);
        }
        let ready = eventually(&format!("{service} that is not ready for {stream}"), async || {
            let told = process.scrape().await?;
            let ready = told.value("helmstream_service_ready", &[("service", service)])?;
            (ready == 0.0).then_some(ready)
        })
        .await;
        assert_eq!(ready, 0.0);
        give(&admin, stream, config).await;
        for position in positions {
            let told = tokio::time::timeout(Duration::from_secs(60), faber.hear(position)).await;
            let told = told.unwrap_or_else(|_| panic!("{stream}: no outcome of {position}"));
            assert!(
                matches!(told, Outcome::Event { .. } | Outcome::DuplicateOf { .. }),
                "{told:?}"
            );
        }
        eventually(&format!("{service} that is ready again after {stream}"), async || {
            let told = process.scrape().await?;
            let ready = told.value("helmstream_service_ready", &[("service", service)])?;
            (ready == 1.0).then_some(())
        })
        .await;
    }
    holds(&plane).await;
    process.stop().await.expect("no service ended by it");
}
