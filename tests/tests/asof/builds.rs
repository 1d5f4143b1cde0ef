//! How views as they were come about and go: shared, bounded in number, and never taken for ready
//! before they are.

use helmstream_projections::{Run, past};
use helmstream_services::client::{
    Client, Code, Direct,
    past::{Request, Standing},
    run::ListRequest,
};
use helmstream_tests::sql;
use tokio::join;

use crate::log::{Log, log};

async fn listed(client: &Direct, at: u64) -> Vec<String> {
    let request = ListRequest { limit: 50, at: Some(at), ..ListRequest::default() };
    let list = client.run_list(request).await.expect("it is answered").answer;
    list.runs.iter().map(|run| format!("{} {}", run.id, run.summary.last_seq)).collect()
}

async fn count(log: &Log, sql: &str) -> u64 {
    let rows = sql::rows(&log.owner().await, sql).await;
    rows[0][0].as_deref().and_then(|count| count.parse().ok()).expect("a number")
}

/// Schemas that hold a view as it was.
const SCHEMAS: &str = "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname ~ '_at_[0-9]+_'";
const NOTED: &str = "SELECT count(*) FROM plane.past";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_that_ask_for_the_same_at_once_share_it_and_what_was_not_used_of_late_goes() {
    let log = log().await;
    let at = log.head() - 3;
    let (one, other) = (log.client(), log.client());
    let (first, second) = join!(listed(&one, at), listed(&other, at));
    assert_eq!(first, second);
    assert!(!first.is_empty());
    assert_eq!((count(&log, NOTED).await, count(&log, SCHEMAS).await), (1, 1));
    // In one process they wait for one build.
    let (first, second) = join!(listed(&one, at - 1), listed(&one, at - 1));
    assert_eq!(first, second);
    assert_eq!((count(&log, NOTED).await, count(&log, SCHEMAS).await), (2, 2));

    let kept = helmstream_projections::limits::PAST_KEPT_MAX as u64;
    for at in 1..=kept + 3 {
        listed(&one, at).await;
        assert!(count(&log, SCHEMAS).await <= kept, "as of {at}");
    }
    assert_eq!((count(&log, NOTED).await, count(&log, SCHEMAS).await), (kept, kept));
    let ready = "SELECT count(*) FROM plane.past WHERE is_ready AND seq > 3 AND seq < 12";
    assert_eq!(count(&log, ready).await, kept, "those that were used last are kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_left_half_built_or_was_emptied_is_not_taken_for_ready() {
    let log = log().await;
    let (client, at) = (log.client(), log.head() - 2);
    let database = log.database("past");
    // A builder that dies after it began, and one that says too early that it is done.
    let left = past::begin::<Run>(&database, at, log.epoch).await.expect("it begins");
    drop(left);
    assert_eq!(past::find::<Run>(&database, at, log.epoch).await.expect("it answers"), None);
    let early = past::begin::<Run>(&database, at, log.epoch).await.expect("it begins");
    past::finish(&database, early).await.expect_err("it does not stand there yet");
    assert_eq!(past::find::<Run>(&database, at, log.epoch).await.expect("it answers"), None);
    let wanted = listed(&client, at).await;
    assert_eq!(wanted.len(), 5, "{wanted:?}");
    assert_eq!(count(&log, "SELECT count(*) FROM plane.past WHERE is_ready").await, 1);

    // A crash of the database empties what is not logged.
    let schema = log.built(&client, "run", at).await;
    let owner = log.owner().await;
    sql::rows(&owner, &format!("TRUNCATE {schema}.run, {schema}.checkpoint")).await;
    assert_eq!(listed(&client, at).await, wanted);

    // What was left is dropped once it is old, with its tables.
    sql::rows(
        &owner,
        "UPDATE plane.past SET used_at = now() - interval '2 hours' WHERE NOT is_ready",
    )
    .await;
    listed(&client, at - 1).await;
    assert_eq!((count(&log, NOTED).await, count(&log, SCHEMAS).await), (2, 2));
    // And all of a view is forgotten where its rows have come to something else.
    past::forget::<Run>(&log.database("helmstream")).await.expect("it answers");
    assert_eq!((count(&log, NOTED).await, count(&log, SCHEMAS).await), (0, 0));
    assert_eq!(listed(&client, at).await, wanted);
}

/// The base that lies before a position is what it is built from.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_is_read_than_lies_behind_the_nearest_base_and_no_view_is_made_up() {
    let log = log().await;
    let (database, at) = (log.database("past"), 3 * crate::log::BASE_EVERY + 2);
    let begun = past::begin::<Run>(&database, at, log.epoch).await.expect("it begins");
    assert_eq!(begun.projector.next_seq(), 3 * crate::log::BASE_EVERY + 1);
    past::give_up(&database, begun).await.expect("it is dropped");
    assert_eq!((count(&log, NOTED).await, count(&log, SCHEMAS).await), (0, 0));
    // Another log's bases are no bases of this one.
    let other = past::begin::<Run>(&database, at, uuid::Uuid::new_v4()).await.expect("it begins");
    assert_eq!(other.projector.next_seq(), 1);
    past::give_up(&database, other).await.expect("it is dropped");

    let client = log.client();
    let request = Request { view: "ledger".into(), at };
    assert_eq!(client.past(request).await.unwrap_err().code, Code::NotFound);
    let beyond = Request { view: "run".into(), at: log.head() + 1 };
    let failure = client.past(beyond).await.unwrap_err();
    assert_eq!(failure.code, Code::Input);
    assert!(failure.detail.contains(&format!("ends at {}", log.head())), "{failure:?}");
    let request = Request { view: "run".into(), at };
    let standing = client.past(request).await.expect("it answers");
    assert!(matches!(standing, Standing::Ready { version: 1 } | Standing::Building { .. }));
}
