//! `setup` on a real server: it makes what is absent, leaves what is right, and before what is
//! different it stops without having touched anything.

use helmstream_schemas::Verdict;
use helmstream_stream::{
    StreamError,
    connect::Connection,
    setup::{SetupReport, setup},
};
use helmstream_tests::harness::TestPlane;
use serde_json::Value;

const EVENTS: &str = include_str!("../../nats/streams/EVENTS.json");

#[tokio::test]
async fn the_first_time_creates_everything_and_the_second_nothing() {
    let plane = TestPlane::start_empty().await;
    let connection = plane.connect("setup").await;
    let first = setup(&connection).await.expect("an empty server takes everything");
    assert!(first.items.iter().all(|item| item.created), "{first:?}");
    let second = setup(&connection).await.expect("what was just made is right");
    assert!(second.items.iter().all(|item| !item.created), "{second:?}");
    let names = |report: &SetupReport| {
        report.items.iter().map(|item| item.item.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&first), names(&second));
}

#[tokio::test]
async fn what_was_there_before_is_kept_and_the_rest_is_created() {
    let plane = TestPlane::start_empty().await;
    let connection = plane.connect("setup").await;
    ask(&connection, "$JS.API.STREAM.CREATE.EVENTS", EVENTS).await;
    let report = setup(&connection).await.expect("the stream is as its file says");
    let present: Vec<_> =
        report.items.iter().filter(|item| !item.created).map(|item| item.item.as_str()).collect();
    assert_eq!(present, ["stream EVENTS"]);
}

#[tokio::test]
async fn a_stream_that_differs_is_named_field_by_field_and_nothing_is_created() {
    let plane = TestPlane::start_empty().await;
    let connection = plane.connect("setup").await;
    let mut config: Value = serde_json::from_str(EVENTS).expect("a file of ours");
    config["deny_delete"] = false.into();
    config["max_msg_size"] = 1000.into();
    ask(&connection, "$JS.API.STREAM.CREATE.EVENTS", &config.to_string()).await;

    let error = setup(&connection).await.expect_err("the log is not protected");
    assert_eq!(error.verdict(), Verdict::Stop);
    let StreamError::Differs(differences) = error else { panic!("{error}") };
    let lines: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "stream EVENTS: deny_delete should be true, is false",
            "stream EVENTS: max_msg_size should be 1048576, is 1000"
        ]
    );
    let inbox = ask(&connection, "$JS.API.STREAM.INFO.INBOX", "").await;
    assert_eq!(inbox["error"]["code"], 404, "{inbox}");
}

#[tokio::test]
async fn a_user_who_may_not_is_told_so_and_does_not_wait_for_ever() {
    let plane = TestPlane::start_empty().await;
    let error = setup(&plane.connect("deadline").await).await.expect_err("only `setup` may");
    assert!(matches!(error, StreamError::NotPermitted { .. }), "{error}");
}

async fn ask(connection: &Connection, subject: &str, body: &str) -> Value {
    let answer = connection
        .client
        .request(subject.to_owned(), body.to_owned().into())
        .await
        .expect("an answer");
    serde_json::from_slice(&answer.payload).expect("an answer in JSON")
}
