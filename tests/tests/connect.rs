//! A connection and the server's absences: before the first word, in between, and when the server
//! does not want us.

use std::{fs, time::Duration};

use async_nats::HeaderMap;
use helmstream_schemas::Verdict;
use helmstream_stream::{
    StreamError,
    connect::{Address, connect},
    publish::publish,
};
use helmstream_tests::harness::TestPlane;

/// How long an answer may take before the test fails; nothing passes by waiting for it.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn whoever_comes_before_the_server_waits_for_it() {
    let mut plane = TestPlane::start().await;
    plane.nats.kill();
    let address = plane.plane.address("faber");
    let waiting = tokio::spawn(async move { connect(&address).await });
    plane.nats.restart().await.expect("the server starts again");
    let connection =
        tokio::time::timeout(PATIENCE, waiting).await.expect("in time").expect("no panic");
    connection.expect("the server is there now");
}

/// Take the denial out of `publish` to see this red: the publisher waits, and is told that it is
/// unknown.
#[tokio::test]
async fn whoever_publishes_where_it_may_not_is_told_so() {
    let plane = TestPlane::start().await;
    let faber = plane.connect("faber").await;
    let published = publish(&faber, "in.operator", HeaderMap::new(), "x".into()).await;
    let Err(StreamError::NotPermitted { user, subject, .. }) = published else {
        panic!("{published:?}")
    };
    assert_eq!((user.as_str(), subject.as_str()), ("faber", "in.operator"));
}

#[tokio::test]
async fn a_connection_outlives_the_death_of_the_server() {
    let mut plane = TestPlane::start().await;
    let faber = plane.connect("faber").await;
    for round in 1..=3 {
        plane.nats.kill();
        plane.nats.restart().await.expect("the server starts again");
        let sent = tokio::time::timeout(PATIENCE, async {
            loop {
                // What is asked while the connection is cut may be lost; whoever asks asks again.
                if let Ok(answer) = faber.client.request("in.faber", "x".into()).await {
                    return answer;
                }
            }
        });
        let answer = sent.await.unwrap_or_else(|_| panic!("not back after death {round}"));
        assert!(answer.payload.starts_with(b"{\"stream\":\"INBOX\""), "{:?}", answer.payload);
    }
}

#[tokio::test]
async fn an_unknown_user_is_turned_away_at_once() {
    let (plane, elsewhere) = (TestPlane::start_empty().await, TestPlane::start_empty().await);
    let error = connect(&Address {
        url: plane.plane.address("faber").url,
        ..elsewhere.plane.address("faber")
    })
    .await;
    let error = error.expect_err("the server does not know this key");
    assert!(matches!(error, StreamError::NotLetIn { .. }), "{error}");
    assert_eq!(error.verdict(), Verdict::Stop);
}

#[tokio::test]
async fn a_broken_seed_is_named_with_its_file() {
    let plane = TestPlane::start().await;
    let seed_file = plane.plane.directory().join("broken.nkey");
    fs::write(&seed_file, "nonsense\n").expect("a file");
    let error =
        connect(&Address { seed_file: Some(seed_file), ..plane.plane.address("faber") }).await;
    let text = error.expect_err("that is no seed").to_string();
    assert!(text.contains("broken.nkey") && !text.contains("nonsense"), "{text}");
}
