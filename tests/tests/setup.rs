//! `setup` on a real server: it makes what is absent, leaves what is right, and before what is
//! different it stops without having touched anything.

use helmstream_schemas::Verdict;
use helmstream_services::setup::{Item, Step, plan, set_up};
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
    let first = plan(&plane.plane, None).await.expect("empty servers can be looked at");
    let created = |item: &str| {
        first.items.iter().any(|found| found.item == item && found.step == Step::Create)
    };
    for item in ["stream EVENTS", "consumer door of INBOX", "founding", "schema run_v1"] {
        assert!(created(item), "{item}: {first:#?}");
    }
    let again = plan(&plane.plane, None).await.expect("nothing was done");
    assert_eq!(again.items, first.items);
    plane.set_up().await;
    let after = plan(&plane.plane, None).await.expect("the servers answer");
    assert_eq!(after.items, [], "setup does all that it says");
}

#[tokio::test]
async fn rights_that_are_too_wide_are_told_and_taken_back() {
    let plane = TestPlane::start_empty().await;
    plane.set_up().await;
    let database = plane.plane.places().postgres.database.clone();
    let owner = sql::connect(&plane.login("helmstream"), &database).await;
    sql::rows(&owner, "GRANT DELETE ON ledger_v1.record TO run; DROP SCHEMA alias CASCADE").await;
    let told = plan(&plane.plane, None).await.expect("the servers answer");
    let steps: Vec<_> = told.items.iter().map(|found| (&*found.item, found.step)).collect();
    assert!(steps.contains(&("schema alias", Step::Create)), "{steps:?}");
    let rights = told.items.iter().find(|found| found.item == "rights of run in schema ledger_v1");
    let rights = rights.expect("the right that was given by hand");
    assert_eq!(rights.step, Step::Change);
    assert_eq!(rights.what[0].difference, "taken: record DELETE");
    plane.set_up().await;
    assert_eq!(plan(&plane.plane, None).await.expect("the servers answer").items, []);
}

#[tokio::test]
async fn what_would_lose_something_is_refused_with_what_and_nothing_else_is_done() {
    let plane = TestPlane::start_empty().await;
    let connection = plane.connect("setup").await;
    let mut config: Value = serde_json::from_str(EVENTS).expect("a file of ours");
    config["subjects"] = json!(["evt.*.*", "other.*"]);
    ask(&connection, "$JS.API.STREAM.CREATE.EVENTS", &config.to_string()).await;
    let told = plan(&plane.plane, None).await.expect("the servers answer");
    assert!(told.is_refused());
    let refused = told.items.iter().find(|found| found.step == Step::Refuse).expect("EVENTS");
    assert_eq!(refused.item, "stream EVENTS");
    let loss = refused.what[0].loss.as_deref().unwrap_or_default();
    assert_eq!(loss, "what is published to other.* is stored no more");
    set_up(&plane.plane, None).await.expect_err("it refuses");
    let again = plan(&plane.plane, None).await.expect("the servers answer");
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
    let told = plan(&plane.plane, None).await.expect("the servers answer");
    let steps: Vec<_> = told.items.iter().map(|found| (&*found.item, found.step)).collect();
    assert!(steps.contains(&("schema run_v1", Step::Create)), "{steps:?}");
    plane.set_up().await;
    assert!(sql::rows(&owner, "SELECT id FROM run.run").await.is_empty(), "readers see it");
    // As after a rebuild, when the first edition was dropped.
    let later = "ALTER SCHEMA run_v1 RENAME TO run_v1_2; \
                 UPDATE plane.edition SET edition = 'run_v1_2', number = 2 WHERE edition = 'run_v1'";
    sql::rows(&owner, later).await;
    assert_eq!(plan(&plane.plane, None).await.expect("the servers answer").items, []);
}

/// Each with what is there before, and whether setup changes it or refuses to, and then does nothing.
const DIFFERENCES: [(&str, &str, &str, Step); 9] = [
    ("stream SIGNALS", "max_age", "3600000000000", Step::Change),
    ("stream SIGNALS", "max_age", "0", Step::Refuse),
    ("stream OUT", "description", "\"of an older version\"", Step::Change),
    ("stream OUT", "subjects", r#"["out.>","more.>"]"#, Step::Refuse),
    ("stream SIGNALS", "max_msg_size", "1000", Step::Change),
    ("stream COMMANDS", "description", "\"of an older version\"", Step::Refuse),
    ("consumer run-due of DEADLINES", "max_ack_pending", "64", Step::Change),
    ("consumer run-due of DEADLINES", "ack_wait", "5000000000", Step::Change),
    ("consumer run-0 of COMMANDS", "deliver_policy", "\"new\"", Step::Refuse),
];

#[tokio::test]
async fn what_an_older_version_made_is_changed_where_nothing_is_lost_and_refused_otherwise() {
    let mut plane = TestPlane::start_empty().await;
    plane.set_up().await;
    let admin = plane.admin().await;
    for (item, field, stands, step) in DIFFERENCES {
        let wanted = config_of(&admin, item).await;
        let mut older = wanted.clone();
        older[field] = serde_json::from_str(stands).expect("JSON");
        put(&admin, item, &older).await;
        let told = differing(&plane).await;
        let [found] = &told[..] else { panic!("{item} {field}: {told:#?}") };
        assert_eq!((&*found.item, found.step), (item, step), "{field} {stands}: {told:#?}");
        let [what] = &found.what[..] else { panic!("{item} {field}: {told:#?}") };
        assert!(what.difference.starts_with(&format!("{field} should be ")), "{what:?}");
        assert_eq!(what.way_out.is_some(), step == Step::Refuse, "{what:?}");
        let done = set_up(&plane.plane, None).await;
        let after = differing(&plane).await;
        if step == Step::Change {
            let report = done.unwrap_or_else(|error| panic!("{item} {field}: {error:?}"));
            assert!(report.items.contains(&format!("{item}: changed")), "{report:?}");
            assert_eq!(after, [], "{item} {field}");
        } else {
            let refused = done.expect_err("it is refused");
            let said = format!("{}: {}", refused.what, refused.detail);
            assert!(said.contains(field) && said.contains(item), "{said}");
            assert_eq!(after, told, "nothing was done");
            put(&admin, item, &wanted).await;
        }
    }
}

/// What is not as it should be, but for the file of accounts, in which the test has a user of its own.
async fn differing(plane: &TestPlane) -> Vec<Item> {
    let told = plan(&plane.plane, None).await.expect("the servers answer").items;
    told.into_iter().filter(|found| found.step != Step::Elsewhere).collect()
}

/// `STREAM` or `CONSUMER`, and its path in the server's API.
fn place_of(item: &str) -> (&'static str, String) {
    match item.split(' ').collect::<Vec<_>>()[..] {
        ["stream", name] => ("STREAM", name.to_owned()),
        ["consumer", name, "of", stream] => ("CONSUMER", format!("{stream}.{name}")),
        _ => panic!("{item}"),
    }
}

async fn config_of(admin: &Connection, item: &str) -> Value {
    let (kind, path) = place_of(item);
    api(admin, &format!("$JS.API.{kind}.INFO.{path}"), json!({})).await["config"].clone()
}

/// As somebody with every right; a durable is made anew.
async fn put(admin: &Connection, item: &str, config: &Value) {
    let (kind, path) = place_of(item);
    if kind == "STREAM" {
        api(admin, &format!("$JS.API.STREAM.UPDATE.{path}"), config.clone()).await;
        return;
    }
    let (stream, _) = path.split_once('.').expect("a stream and a name");
    api(admin, &format!("$JS.API.CONSUMER.DELETE.{path}"), json!({})).await;
    let request = json!({ "stream_name": stream, "config": config });
    api(admin, &format!("$JS.API.CONSUMER.DURABLE.CREATE.{path}"), request).await;
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
