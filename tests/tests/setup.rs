//! `setup` on a real server: it makes what is absent, leaves what is right, and before what is
//! different it stops without having touched anything.

use helmstream_schemas::Verdict;
use helmstream_services::setup::{Step, plan, set_up};
use helmstream_stream::{
    StreamError,
    connect::Connection,
    setup::{SetupReport, setup},
};
use helmstream_tests::{admin::api, cluster::Cluster, harness::TestPlane, sql};
use serde_json::{Value, json};

const EVENTS: &str = include_str!("../../nats/streams/EVENTS.json");

#[tokio::test]
async fn the_first_time_creates_everything_and_the_second_nothing() {
    let plane = TestPlane::start_empty().await;
    let connection = plane.connect("setup").await;
    let first = setup(&connection, 1).await.expect("an empty server takes everything");
    assert!(first.items.iter().all(|item| item.created), "{first:?}");
    let second = setup(&connection, 1).await.expect("what was just made is right");
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
    let report = setup(&connection, 1).await.expect("the stream is as its file says");
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

    let error = setup(&connection, 1).await.expect_err("the log is not protected");
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
    let error = setup(&plane.connect("deadline").await, 1).await.expect_err("only `setup` may");
    assert!(matches!(error, StreamError::NotPermitted { .. }), "{error}");
}

#[tokio::test]
async fn what_setup_would_do_is_told_before_and_nothing_is_done_by_telling() {
    let plane = TestPlane::start_empty().await;
    let first = plan(&plane.plane).await.expect("empty servers can be looked at");
    let created = |item: &str| {
        first.items.iter().any(|found| found.item == item && found.step == Step::Create)
    };
    for item in ["stream EVENTS", "consumer door of INBOX", "founding", "schema run_v1"] {
        assert!(created(item), "{item}: {first:#?}");
    }
    let again = plan(&plane.plane).await.expect("nothing was done");
    assert_eq!(again.items, first.items);
    plane.set_up().await;
    let after = plan(&plane.plane).await.expect("the servers answer");
    assert_eq!(after.items, [], "setup does all that it says");
}

#[tokio::test]
async fn rights_that_are_too_wide_are_told_and_taken_back() {
    let plane = TestPlane::start_empty().await;
    plane.set_up().await;
    let database = plane.plane.places().postgres.database.clone();
    let owner = sql::connect(&plane.login("helmstream"), &database).await;
    sql::rows(&owner, "GRANT DELETE ON ledger_v1.record TO run; DROP SCHEMA alias CASCADE").await;
    let told = plan(&plane.plane).await.expect("the servers answer");
    let steps: Vec<_> = told.items.iter().map(|found| (&*found.item, found.step)).collect();
    assert!(steps.contains(&("schema alias", Step::Create)), "{steps:?}");
    let rights = told.items.iter().find(|found| found.item == "rights of run in schema ledger_v1");
    let rights = rights.expect("the right that was given by hand");
    assert_eq!(rights.step, Step::Change);
    assert_eq!(rights.what[0].difference, "taken: record DELETE");
    plane.set_up().await;
    assert_eq!(plan(&plane.plane).await.expect("the servers answer").items, []);
}

#[tokio::test]
async fn what_would_lose_something_is_refused_with_what_and_nothing_else_is_done() {
    let plane = TestPlane::start_empty().await;
    let connection = plane.connect("setup").await;
    let mut config: Value = serde_json::from_str(EVENTS).expect("a file of ours");
    config["subjects"] = json!(["evt.*.*", "other.*"]);
    ask(&connection, "$JS.API.STREAM.CREATE.EVENTS", &config.to_string()).await;
    let told = plan(&plane.plane).await.expect("the servers answer");
    assert!(told.is_refused());
    let refused = told.items.iter().find(|found| found.step == Step::Refuse).expect("EVENTS");
    assert_eq!(refused.item, "stream EVENTS");
    let loss = refused.what[0].loss.as_deref().unwrap_or_default();
    assert_eq!(loss, "what is published to other.* is stored no more");
    set_up(&plane.plane).await.expect_err("it refuses");
    let again = plan(&plane.plane).await.expect("the servers answer");
    assert_eq!(again.items, told.items, "nothing was done");
}

/// Take `still_there` out of `setup` to see this red: the name of the edition is taken.
#[tokio::test]
async fn a_view_whose_schema_was_dropped_is_made_again_and_a_later_edition_is_enough() {
    let plane = TestPlane::start_empty().await;
    plane.set_up().await;
    let database = plane.plane.places().postgres.database.clone();
    let owner = sql::connect(&plane.login("helmstream"), &database).await;
    sql::rows(&owner, "DROP SCHEMA run_v1 CASCADE").await;
    let told = plan(&plane.plane).await.expect("the servers answer");
    let steps: Vec<_> = told.items.iter().map(|found| (&*found.item, found.step)).collect();
    assert!(steps.contains(&("schema run_v1", Step::Create)), "{steps:?}");
    plane.set_up().await;
    assert!(sql::rows(&owner, "SELECT id FROM run.run").await.is_empty(), "readers see it");
    // As after a rebuild, when the first edition was dropped.
    let later = "ALTER SCHEMA run_v1 RENAME TO run_v1_2; \
                 UPDATE plane.edition SET edition = 'run_v1_2', number = 2 WHERE edition = 'run_v1'";
    sql::rows(&owner, later).await;
    assert_eq!(plan(&plane.plane).await.expect("the servers answer").items, []);
}

async fn ask(connection: &Connection, subject: &str, body: &str) -> Value {
    let answer = connection
        .client
        .request(subject.to_owned(), body.to_owned().into())
        .await
        .expect("an answer");
    serde_json::from_slice(&answer.payload).expect("an answer in JSON")
}

#[tokio::test]
async fn in_a_cluster_three_servers_hold_every_stream_and_every_consumer() {
    let plane = TestPlane::start_empty().await;
    let cluster = Cluster::start(plane.plane.directory()).await;
    let connection = cluster.connect(1).await;
    let report = setup(&connection, 3).await.expect("a cluster takes everything");
    assert!(report.items.iter().filter(|item| item.created).count() > 30, "{report:?}");
    for subject in ["STREAM.INFO.COMMANDS", "STREAM.INFO.INBOX", "CONSUMER.INFO.COMMANDS.run-0"] {
        let info = api(&connection, &format!("$JS.API.{subject}"), json!({})).await;
        assert_eq!(info["config"]["num_replicas"], 3, "{subject}");
    }
    let again = setup(&connection, 3).await.expect("what was just made is right");
    assert!(again.items.iter().all(|item| !item.created));
    let fewer = setup(&connection, 5).await.expect_err("three are not five");
    assert!(fewer.to_string().contains("num_replicas"), "{fewer}");
}
