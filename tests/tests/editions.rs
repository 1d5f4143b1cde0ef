//! A view has editions: folded anew beside the one that serves, swapped without any reader noticing,
//! and mended after something was parked. On a whole plane with real servers, under load.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use helmstream_projections::{
    Database,
    edition::{Edition, EditionState, editions},
    questions::{
        approval::{ApprovalFilter, approval_list},
        run::{RunFilter, run_list, run_show},
    },
};
use helmstream_schemas::Id;
use helmstream_services::{
    client::{
        Client, Direct,
        direct::{Manner, OPERATOR},
        projection::{ParkedRequest, Standing, SwapRequest, ViewRequest},
    },
    local::{credentials::OWNER, plane::Plane},
};
use helmstream_tests::{
    audit,
    faber::whole,
    harness::TestPlane,
    patience::{PATIENCE, eventually},
    running::{ALL, Running},
    sql,
};

/// Swaps that a reader lives through.
const SWAPS: usize = 100;

const VIEWS: [&str; 8] =
    ["access", "alias", "approval", "dead_letter", "deadline", "deployment", "ledger", "run"];

fn client(plane: &Running) -> Direct {
    let manner = Manner {
        publisher: OPERATOR.into(),
        wait: Some(PATIENCE),
        outcome_wait: Duration::from_secs(40),
    };
    let place = Plane::open(plane.plane.plane.directory()).expect("the plane is there");
    Direct::new(place, manner).expect("the operator may ask")
}

async fn publish_runs(plane: &Running, prefix: &str, runs: usize) {
    let mut faber = plane.publisher("faber").await;
    let mut last = 0;
    for run in 0..runs {
        for event in whole(&format!("{prefix}/{run}")) {
            last = faber.publish(&event).await;
        }
    }
    faber.hear(last).await;
}

async fn run_sql(plane: &Running, statements: &str) {
    let login = plane.plane.login(OWNER);
    sql::rows(&sql::connect(&login, &login.database).await, statements).await;
}

async fn dump(plane: &Running, table: &str) -> Vec<String> {
    let login = plane.plane.login(OWNER);
    sql::dump(&sql::connect(&login, &login.database).await, table).await
}

fn request(view: &str) -> ViewRequest {
    ViewRequest { view: view.to_owned() }
}

/// Makes an edition of a view and waits until its service has folded it.
async fn built(plane: &Running, client: &Direct, view: &str) -> Edition {
    let edition = client.projection_make(request(view)).await.expect("it can be made");
    eventually(&format!("{} to be begun", edition.edition), async || {
        let standings = client.projection_list().await.expect("the views answer").answer;
        let begun = standings.projections.iter().filter(|at| at.line.edition == edition.edition);
        let wanted = if view == "ledger" { 3 } else { 1 };
        (begun.count() == wanted).then_some(())
    })
    .await;
    plane.level().await;
    edition
}

#[tokio::test]
async fn every_view_folded_anew_has_the_rows_of_the_one_that_serves() {
    let plane = TestPlane::start_running(&ALL).await;
    publish_runs(&plane, "acme", 4).await;
    plane.level().await;
    let client = client(&plane);
    for view in VIEWS {
        let edition = built(&plane, &client, view).await;
        let tables = sql::tables(&{
            let login = plane.plane.login(OWNER);
            sql::connect(&login, &login.database).await
        })
        .await;
        let first = format!("{view}_v1.");
        for table in tables.iter().filter(|table| table.starts_with(&first)) {
            if table.ends_with(".checkpoint") {
                continue;
            }
            let other = table.replace(&first, &format!("{}.", edition.edition));
            assert_eq!(dump(&plane, &other).await, dump(&plane, table).await, "{other}");
        }
        let swap = SwapRequest { view: view.to_owned(), edition: Some(edition.edition.clone()) };
        let swapped = client.projection_swap(swap).await.expect("it is level");
        assert_eq!(swapped.serving.edition, edition.edition);
        assert_eq!(swapped.standby.edition, format!("{view}_v1"));
    }
    // Everything is answered and decided by the new ones; what is told now is seen in them.
    publish_runs(&plane, "later", 2).await;
    assert!(plane.run("later/1").await.is_some());
    audit::rows(&plane.plane).await;
    // A third edition takes the place of the one that stood by.
    let third = built(&plane, &client, "run").await;
    assert_eq!(third.edition, "run_v1_3");
    let held = editions(&plane.database).await.expect("the views answer");
    let names: Vec<&str> =
        held.iter().filter(|held| held.projection == "run").map(|held| &*held.edition).collect();
    assert_eq!(names, ["run_v1_2", "run_v1_3"]);
    let again = client.projection_make(request("run")).await.expect("it is being built");
    assert_eq!(again.edition, third.edition, "two are never built at once");
    let dropped = client.projection_drop(request("run")).await.expect("it can be dropped").dropped;
    assert_eq!(dropped.len(), 1);
    let missing = client.projection_swap(SwapRequest { view: "run".into(), edition: None }).await;
    assert!(missing.is_err(), "there is nothing to swap back to");
    publish_runs(&plane, "last", 1).await;
    assert!(plane.run("last/0").await.is_some(), "the service goes on without it");
}

/// Connections of a service to its views: one of its own, and one for each edition that it folds.
async fn connections(plane: &Running, service: &str) -> usize {
    let login = plane.plane.login(OWNER);
    let client = sql::connect(&login, &login.database).await;
    let of_it = format!(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename = '{service}'"
    );
    sql::rows(&client, &of_it).await.len()
}

/// Leave the task of an edition that is dropped alone, or know editions by their names, to see this red:
/// it waits for a record that does not come, beside the one that folds the next edition of that name or in
/// its place.
#[tokio::test]
async fn an_edition_that_is_dropped_while_nothing_comes_is_let_go_and_the_next_has_one_who_folds_it()
 {
    let plane = TestPlane::start_running(&ALL).await;
    publish_runs(&plane, "acme", 1).await;
    plane.level().await;
    let client = client(&plane);
    let before = connections(&plane, "run").await;
    let drop_it = async || client.projection_drop(request("run")).await.expect("it can be dropped");
    built(&plane, &client, "run").await;
    assert!(connections(&plane, "run").await > before, "one for the new edition");
    drop_it().await;
    eventually("nobody to fold the edition that was dropped", async || {
        (connections(&plane, "run").await == before).then_some(())
    })
    .await;
    built(&plane, &client, "run").await;
    // And once more before the service looks.
    drop_it().await;
    let again = built(&plane, &client, "run").await;
    assert_eq!(again.edition, "run_v1_2", "it has the name again");
    publish_runs(&plane, "later", 2).await;
    plane.level().await;
    let standing = dump(&plane, &format!("{}.checkpoint", again.edition)).await;
    assert_eq!(dump(&plane, "run_v1_2.run").await, dump(&plane, "run_v1.run").await);
    let taken_over = format!("SELECT term FROM {}.checkpoint", again.edition);
    let login = plane.plane.login(OWNER);
    let terms = sql::rows(&sql::connect(&login, &login.database).await, &taken_over).await;
    assert_eq!(terms, [[Some("1".to_owned())]], "nobody takes it over from another: {standing:?}");
}

/// What a reader saw: how far each answer reached.
async fn read_on(database: Database, stop: Arc<AtomicBool>) -> usize {
    let (mut runs, mut one, mut approvals, mut asked) = (0, 0, 0, 0);
    let filter = RunFilter { limit: 50, ..Default::default() };
    let name = Id::new("acme/0").expect("a name");
    let mut known = 0;
    while !stop.load(Ordering::Relaxed) {
        let list = run_list(&database, &filter).await.expect("no reader sees an error");
        assert!(list.as_of_seq >= runs, "a step back from {runs} to {}", list.as_of_seq);
        assert!(list.answer.runs.len() >= known, "runs are gone");
        (runs, known) = (list.as_of_seq, list.answer.runs.len());
        for run in list.answer.runs {
            assert!(run.summary.last_seq <= runs, "more is shown than was read");
        }
        let shown = run_show(&database, &name, None).await.expect("no reader sees an error");
        assert!(shown.as_of_seq >= one, "a step back from {one} to {}", shown.as_of_seq);
        assert!(shown.answer.is_some(), "the run is gone");
        one = shown.as_of_seq;
        let filter = ApprovalFilter { limit: 10, ..Default::default() };
        let list = approval_list(&database, &filter).await.expect("no reader sees an error");
        assert!(list.as_of_seq >= approvals, "a step back");
        approvals = list.as_of_seq;
        asked += 1;
    }
    asked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_reader_sees_an_error_or_a_step_back_in_a_hundred_swaps_under_load() {
    let plane = TestPlane::start_running(&ALL).await;
    publish_runs(&plane, "acme", 3).await;
    plane.level().await;
    let client = client(&plane);
    built(&plane, &client, "run").await;
    built(&plane, &client, "ledger").await;
    let stop = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let database = plane.plane.plane.database(OPERATOR).expect("it may ask");
            tokio::spawn(read_on(database, stop.clone()))
        })
        .collect();
    let publishing = {
        let (mut faber, stop) = (plane.publisher("faber").await, stop.clone());
        tokio::spawn(async move {
            let mut run = 0;
            while !stop.load(Ordering::Relaxed) {
                let mut last = 0;
                for event in whole(&format!("load/{run}")) {
                    last = faber.publish(&event).await;
                }
                faber.hear(last).await;
                run += 1;
            }
        })
    };
    for swap in 0..SWAPS {
        let view = ["run", "ledger"][swap % 2];
        let standing = editions(&plane.database).await.expect("the views answer");
        let other = standing
            .into_iter()
            .find(|held| held.projection == view && held.state != EditionState::Serving)
            .expect("there are two");
        let request = SwapRequest { view: view.to_owned(), edition: Some(other.edition.clone()) };
        let swapped = client.projection_swap(request).await.expect("it is nearly level");
        assert_eq!(swapped.serving.edition, other.edition);
    }
    stop.store(true, Ordering::Relaxed);
    publishing.await.expect("it publishes");
    for reader in readers {
        assert!(reader.await.expect("it saw no step back") > 10, "it hardly read");
    }
    plane.level().await;
    audit::rows(&plane.plane).await;
}

/// Let `redrive::part` write what it reads without looking at what is behind, or leave the term as
/// it is, to see this red: rows differ from those of a fold from scratch.
#[tokio::test]
async fn what_was_parked_and_is_redriven_comes_to_what_it_was_had_nothing_been_parked() {
    let plane = TestPlane::start_running(&ALL).await;
    publish_runs(&plane, "acme", 2).await;
    plane.level().await;
    let client = client(&plane);
    built(&plane, &client, "run").await;
    // A mend that has yet to come: the database refuses what three of six runs give.
    for edition in ["run_v1", "run_v1_2"] {
        run_sql(
            &plane,
            &format!("ALTER TABLE {edition}.run ADD CONSTRAINT refused CHECK (id !~ '^new=2F[024]$|^new/[024]$' OR claims < 4)"),
        )
        .await;
    }
    publish_runs(&plane, "new", 6).await;
    plane.level().await;
    let listed = client.projection_parked(ParkedRequest { view: None, limit: 1_000 }).await;
    let parked = listed.expect("the views answer").parked;
    assert!(parked.len() > 6 && parked.iter().all(|line| line.projection == "run"), "{parked:?}");
    let behind = parked.iter().filter(|line| line.reason.contains("earlier record")).count();
    assert_eq!(parked.len() - behind, 3, "one of each run was refused: {parked:?}");
    // Nothing is mended yet: it stays parked, whole.
    let mended = client.projection_redrive(request("run")).await.expect("it can be tried");
    assert!(mended.editions.iter().all(|m| m.redriven.applied == 0), "{mended:?}");
    assert!(mended.editions.iter().all(|m| m.redriven.parked == parked.len() as u64), "{mended:?}");
    // One of the three is mended, then all; meanwhile the runs go on.
    for allowed in ["[24]", "[9]"] {
        for edition in ["run_v1", "run_v1_2"] {
            run_sql(
                &plane,
                &format!(
                    "ALTER TABLE {edition}.run DROP CONSTRAINT refused, \
                     ADD CONSTRAINT refused CHECK (id !~ '^new=2F{allowed}$|^new/{allowed}$' OR claims < 4)"
                ),
            )
            .await;
        }
        client.projection_redrive(request("run")).await.expect("it can be tried");
        publish_runs(&plane, &format!("more{}", allowed.len()), 1).await;
    }
    plane.level().await;
    let left = client.projection_parked(ParkedRequest { view: None, limit: 10 }).await;
    assert_eq!(left.expect("the views answer").parked, []);
    audit::rows(&plane.plane).await;
    assert_eq!(dump(&plane, "run_v1_2.run").await, dump(&plane, "run_v1.run").await);
    publish_runs(&plane, "after", 1).await;
    assert!(plane.run("after/0").await.is_some());
    audit::rows(&plane.plane).await;
}

/// The second way out of a log that is not the one a view was folded from.
#[tokio::test]
async fn a_view_that_halted_is_rebuilt_from_the_log_as_it_is() {
    let mut plane = TestPlane::start_running(&ALL).await;
    publish_runs(&plane, "acme", 2).await;
    plane.level().await;
    let wanted = dump(&plane, "run_v1.run").await;
    plane.stop("run").await.expect("it ends in order");
    run_sql(
        &plane,
        "DELETE FROM run_v1.run; \
         UPDATE run_v1.checkpoint SET read_to_seq = 1000000, applied_seq = 1000000",
    )
    .await;
    plane.serve(&["run"]);
    let said = format!("{:#}", plane.ended("run").await.expect_err("it does not go on"));
    assert!(said.contains("helmstream projection rebuild"), "{said}");
    let client = client(&plane);
    let edition = client.projection_make(request("run")).await.expect("it can be made");
    plane.serve(&["run"]);
    let swap = SwapRequest { view: "run".into(), edition: Some(edition.edition.clone()) };
    eventually("the new edition to take the place of the other", async || {
        let standings = client.projection_list().await.expect("the views answer").answer;
        let begun = |at: &&Standing| at.line.edition == edition.edition && at.lag == 0;
        standings.projections.iter().find(begun).map(drop)
    })
    .await;
    client.projection_swap(swap).await.expect("it is level with the log");
    assert_eq!(dump(&plane, "run_v1_2.run").await, wanted);
    client.projection_drop(request("run")).await.expect("the one that halted can be dropped");
    publish_runs(&plane, "later", 1).await;
    assert!(plane.run("later/0").await.is_some(), "the view goes on");
}
