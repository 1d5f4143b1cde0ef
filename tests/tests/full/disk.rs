//! The disk of a server is full. NATS stops to store for good, and begins again only when it is started anew
//! with room; Postgres goes on by itself. In either case what was acknowledged is there afterwards.

use async_nats::HeaderMap;
use helmstream_schemas::{Verdict, outcome::Outcome};
use helmstream_services::local::credentials::OWNER;
use helmstream_stream::{StreamError, publish::store};
use helmstream_tests::{
    admin::api,
    faber::{external, whole},
    harness::TestPlane,
    patience::eventually,
    publisher::Publisher,
    running::{ALL, Running},
    sql,
};
use serde_json::json;

use crate::{
    limit::{give, holds},
    room::Room,
};

/// What the server says of a stream at its limit.
const INBOX_FULL: u64 = 10_077;

/// Some tens of the events below.
const INBOX_BYTES: u64 = 8 * 1024 * 1024;

/// So large that few of them fill what is left.
fn large(number: usize) -> Vec<u8> {
    external("/tests/full", &number.to_string(), json!({ "text": "x".repeat(200_000) }))
        .to_string()
        .into_bytes()
}

/// Publishes until it is refused by something else than a full INBOX, which the door empties; what was
/// acknowledged, and by what it ended.
async fn publish_until_refused(faber: &Publisher, first: usize) -> (Vec<u64>, StreamError) {
    let mut acknowledged = Vec::new();
    for number in first..first + 1_000 {
        let ended = eventually("an answer other than a full INBOX", async || {
            let body = large(number).into();
            match store(&faber.connection, "in.faber", HeaderMap::new(), body).await {
                Err(StreamError::Refused { code: INBOX_FULL, .. }) => None,
                answered => Some(answered),
            }
        })
        .await;
        match ended {
            Ok(position) => acknowledged.push(position),
            Err(error) => return (acknowledged, error),
        }
    }
    panic!("a small disk holds {} large events", acknowledged.len());
}

/// A plane whose NATS has a small disk, and its services; nothing where there can be none. INBOX is made
/// smaller: a server keeps room for the whole of it.
async fn on_a_disk_of(megabytes: u32) -> Option<(Running, Room)> {
    let mut plane = TestPlane::start_running(&[]).await;
    let admin = plane.plane.admin().await;
    let info = api(&admin, "$JS.API.STREAM.INFO.INBOX", json!({})).await;
    let mut config = info["config"].clone();
    config["max_bytes"] = json!(INBOX_BYTES);
    give(&admin, "INBOX", config).await;
    plane.plane.nats.stop().await;
    let room = Room::under(&plane.plane.plane.directory().join("nats").join("data"), megabytes)?;
    plane.plane.nats.restart().await.expect("it starts");
    plane.serve(&ALL);
    Some((plane, room))
}

async fn all_told(plane: &Running, acknowledged: &[u64]) {
    for position in acknowledged {
        let told = plane.outcome(*position).await;
        assert!(!matches!(told, Outcome::Lost), "{position}: {told:?}");
    }
}

#[tokio::test]
async fn nats_at_three_quarters_of_its_disk_refuses_and_goes_on_after_a_start_with_room() {
    let Some((mut plane, room)) = on_a_disk_of(24).await else { return };
    let faber = plane.publisher("faber").await;
    let (mut acknowledged, error) = publish_until_refused(&faber, 0).await;
    println!("{} acknowledged, then: {error}", acknowledged.len());
    assert!(matches!(error, StreamError::Refused { status: 503, code: 10_023, .. }), "{error}");
    assert_eq!(error.verdict(), Verdict::Retry);

    // The server has measured its disk when it was started, and does not look again.
    room.resize(200);
    let (more, still) = publish_until_refused(&faber, 1_000).await;
    assert!(matches!(still, StreamError::Refused { code: 10_023, .. }), "{still}");
    acknowledged.extend(more);
    plane.plane.nats.restart().await.expect("it starts");
    all_told(&plane, &acknowledged).await;
    holds(&plane).await;
}

#[tokio::test]
async fn nats_without_a_byte_left_stores_nothing_more_and_goes_on_after_a_start_with_room() {
    let Some((mut plane, room)) = on_a_disk_of(100).await else { return };
    let mut faber = plane.publisher("faber").await;
    let first = faber.publish(&whole("acme/before")[0]).await;
    faber.hear(first).await;
    room.fill();
    let (acknowledged, error) = publish_until_refused(&faber, 0).await;
    println!("{} acknowledged, then: {error}", acknowledged.len());
    assert_eq!(error.verdict(), Verdict::Retry, "{error}");

    room.empty();
    plane.plane.nats.restart().await.expect("it starts");
    all_told(&plane, &acknowledged).await;
    let again = eventually("a publish that is taken", async || {
        let body = whole("acme/after")[0].to_string().into_bytes();
        store(&faber.connection, "in.faber", HeaderMap::new(), body.into()).await.ok()
    })
    .await;
    all_told(&plane, &[first, again]).await;
    holds(&plane).await;
}

#[tokio::test]
async fn postgres_without_a_byte_left_is_waited_for_while_publishing_goes_on() {
    let mut plane = TestPlane::start_alone().await;
    let data = plane.plane.directory().join("postgres").join("data");
    plane.postgres.as_mut().expect("it is this test's own").stop().await;
    let Some(room) = Room::under(&data, 200) else { return };
    plane.postgres.as_mut().expect("it is this test's own").restart().await.expect("it starts");
    let mut plane = plane.into_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let first = faber.publish(&whole("acme/before")[0]).await;
    faber.hear(first).await;
    plane.level().await;
    room.fill();
    let owner = plane.plane.login(OWNER);
    let client = sql::connect(&owner, &owner.database).await;
    let refused = client.batch_execute("CREATE TABLE public.more AS SELECT 1 AS one").await;
    let refused = refused.expect_err("there is no room");
    let said = refused.as_db_error().expect("it says why");
    assert!(said.message().contains("No space left on device"), "{said:?}");
    assert_eq!(said.code().code(), "53100", "{said:?}");
    let mut acknowledged = Vec::new();
    for number in 0..40 {
        acknowledged.push(faber.publish_bytes(large(number)).await);
    }
    room.empty();
    // Where its own log had no room left it has ended, as after a crash.
    let postgres = plane.plane.postgres.as_mut().expect("it is this test's own");
    postgres.restart().await.expect("it starts");
    all_told(&plane, &acknowledged).await;
    holds(&plane).await;
}
