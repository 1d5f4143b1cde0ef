//! The projector on a real Postgres and a real log: one instance wins, nothing is applied twice or
//! skipped, a log that is another one halts the view, and what cannot be read parks alone.

use helmstream_core::command::derived_id;
use helmstream_projections::{
    self as views, Database, ProjectionError, Projector,
    questions::projection::{parked_list, projection_list},
};
use helmstream_schemas::{Attributes, Hash, Record, attributes as ce};
use helmstream_services::{local::credentials::OWNER, serve};
use helmstream_stream::{append::EVENTS, founding, get, headers::to_headers, publish::store};
use helmstream_tests::{
    admin::api,
    audit,
    faber::whole,
    harness::TestPlane,
    patience::eventually,
    running::{ALL, Running},
    sql,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// A plane with some runs on its log, and the services still running.
async fn with_runs(runs: usize) -> Running {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut last = 0;
    for run in 0..runs {
        for event in whole(&format!("acme/{run}")) {
            last = faber.publish(&event).await;
        }
    }
    faber.hear(last).await;
    plane.level().await;
    plane
}

async fn epoch(plane: &Running) -> Uuid {
    founding::epoch(&plane.operator).await.expect("the log answers").expect("the plane was founded")
}

fn database(plane: &Running, role: &str) -> Database {
    plane.plane.plane.database(role).expect("the role has a password")
}

async fn open(plane: &Running) -> Projector<views::Run> {
    open_as(plane, Uuid::new_v4()).await
}

async fn open_as(plane: &Running, owner: Uuid) -> Projector<views::Run> {
    let (database, epoch) = (database(plane, "run"), epoch(plane).await);
    Projector::open(&database, EVENTS, owner, epoch).await.expect("the view can be taken over")
}

async fn rows(plane: &Running, table: &str) -> Vec<String> {
    let login = plane.plane.login(OWNER);
    sql::dump(&sql::connect(&login, &login.database).await, table).await
}

async fn run(plane: &Running, sql: &str) {
    let login = plane.plane.login(OWNER);
    sql::rows(&sql::connect(&login, &login.database).await, sql).await;
}

/// Take the term and the owner out of projector/move_on.sql to see this red: both write.
#[tokio::test]
async fn of_two_projectors_of_one_view_the_later_wins_and_the_rows_are_a_fold_from_scratch() {
    let mut plane = with_runs(6).await;
    plane.stop("run").await.expect("it ends in order");
    run(&plane, "TRUNCATE run_v1.run, run_v1.parked, run_v1.checkpoint").await;
    let records = plane.events("evt.run.>").await;
    let (mut one, mut other) = (open(&plane).await, open(&plane).await);
    let refused = one.apply(&records[..3]).await.expect_err("it was taken over before it began");
    assert!(matches!(refused, ProjectionError::Fenced { .. }), "{refused}");
    let mut done = 0;
    for part in records.chunks(7) {
        other.apply(part).await.expect("it has the view");
        done += part.len();
        if done > records.len() / 2 {
            break;
        }
    }
    let seen = one.owners_read_to().await.expect("the view answers");
    assert_eq!(seen, records[done - 1].sequence, "whoever stands by sees how far the other is");
    // The first comes back, takes over, and goes on from where the other was.
    // Of one that opens it twice, only the second has it.
    let owner = Uuid::new_v4();
    let mut second = open_as(&plane, owner).await;
    let mut third = open_as(&plane, owner).await;
    let fenced = second.apply(&records[done..]).await.expect_err("it was taken over");
    assert!(matches!(fenced, ProjectionError::Fenced { .. }), "{fenced}");
    let from = third.next_seq();
    assert_eq!(from, records[done - 1].sequence + 1);
    let fenced = other.apply(&records[done..]).await.expect_err("it was taken over");
    assert!(matches!(fenced, ProjectionError::Fenced { .. }), "{fenced}");
    assert!(other.resume().await.is_err(), "asking again does not give it back");
    let applied = third.apply(&records).await.expect("it has the view");
    assert_eq!((applied.passed_over, applied.folded), (done, records.len() - done));
    audit::rows(&plane.plane).await;
}

/// A database can refuse what a fold gives it. Halves of the batch find the record it refuses.
#[tokio::test]
async fn what_the_database_refuses_is_found_in_its_batch_and_parked_and_the_rest_is_applied() {
    let mut plane = with_runs(6).await;
    plane.stop("run").await.expect("it ends in order");
    run(&plane, "TRUNCATE run_v1.run, run_v1.parked, run_v1.checkpoint").await;
    let records = plane.events("evt.run.>").await;
    let refused = &records[records.len() / 3];
    let sequence = refused.sequence;
    let id = refused.subject.strip_prefix("evt.run.").expect("a run's");
    let limit = format!("CHECK (id <> '{id}' OR last_seq < {sequence})");
    run(&plane, &format!("ALTER TABLE run_v1.run ADD CONSTRAINT refused {limit}")).await;
    let mut projector = open(&plane).await;
    let passed = projector.apply(&records[..2]).await.expect("it has the view");
    assert_eq!((passed.passed_over, passed.folded, passed.parked), (0, 2, 0));
    let behind =
        |record: &&Record| record.subject == refused.subject && record.sequence >= sequence;
    let wanted = records.iter().filter(behind).count();
    let applied = projector.apply(&records).await.expect("one record is no reason to stop");
    assert_eq!(
        (applied.passed_over, applied.folded, applied.parked),
        (2, records.len() - 2 - wanted, wanted)
    );
    let parked = parked_list(&plane.database, Some("run"), 100).await.expect("the views answer");
    assert_eq!((parked.len(), parked[0].sequence), (wanted, sequence));
    let last = records.last().expect("there are some");
    let checkpoint = projector.checkpoint();
    assert_eq!(checkpoint.applied_seq, last.sequence);
    assert_eq!(checkpoint.applied_hash, Some(Hash::of_record(last)));

    // What follows parks behind it also where it is the very first that a projector meets.
    run(&plane, "TRUNCATE run_v1.run, run_v1.parked, run_v1.checkpoint").await;
    let mut projector = open(&plane).await;
    for record in records.iter().filter(behind) {
        let applied = projector.apply(std::slice::from_ref(record)).await.expect("it has the view");
        assert_eq!((applied.folded, applied.parked), (0, 1), "{}", record.sequence);
    }
}

/// Take the position out of projector/move_on.sql to see this red: the batch is applied on rows
/// that are not what it follows.
#[tokio::test]
async fn a_checkpoint_that_is_not_where_it_was_left_moves_no_further_until_it_was_looked_at() {
    let mut plane = with_runs(3).await;
    plane.stop("run").await.expect("it ends in order");
    run(&plane, "TRUNCATE run_v1.run, run_v1.parked, run_v1.checkpoint").await;
    let records = plane.events("evt.run.>").await;
    let mut projector = open(&plane).await;
    projector.apply(&records[..3]).await.expect("it has the view");
    let back = records[0].sequence;
    run(
        &plane,
        &format!("UPDATE run_v1.checkpoint SET applied_seq = {back}, read_to_seq = {back}"),
    )
    .await;
    let before = rows(&plane, "run_v1.run").await;
    let refused = projector.apply(&records[3..]).await.expect_err("it is not where it was left");
    assert!(matches!(refused, ProjectionError::WentBack { .. }), "{refused}");
    assert_eq!(rows(&plane, "run_v1.run").await, before, "nothing of the batch is written");
    assert_eq!(projector.resume().await.expect("it still has the view"), back + 1);
}

/// Two instances of a service are two projectors of each of its views.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_of_every_projecting_service_come_to_the_same_rows_as_one() {
    let mut plane = TestPlane::start_running(&ALL).await;
    let others: Vec<_> = ["run", "deadline", "ledger"]
        .into_iter()
        .map(|service| {
            let directory = plane.plane.plane.directory().to_owned();
            let (stop, stopped) = tokio::sync::watch::channel(false);
            let task = tokio::spawn(async move {
                let plane = helmstream_services::local::plane::Plane::open(&directory)?;
                serve::run_until(&plane, &[service.to_owned()], stopped).await
            });
            (stop, task)
        })
        .collect();
    let faber = plane.publisher("faber").await;
    let mut sequences = Vec::new();
    for run in 0..30 {
        for event in whole(&format!("acme/{run}")) {
            sequences.push(faber.publish(&event).await);
        }
    }
    for sequence in sequences {
        plane.outcome(sequence).await;
    }
    plane.level().await;
    audit::rows(&plane.plane).await;
    audit::decisions(&plane.plane).await;
    assert_eq!(audit::outcomes(&plane.plane).await, 0);
    for (stop, task) in others {
        stop.send_replace(true);
        task.await.expect("it does not panic").expect("it ends in order");
    }
    for service in ALL {
        plane.stop(service).await.expect("it ends in order");
    }
}

/// Undo the leaving out of what was applied in `Checkpoint::fresh` to see this red.
#[tokio::test]
async fn what_is_read_twice_is_applied_once() {
    let mut plane = with_runs(3).await;
    plane.stop("run").await.expect("it ends in order");
    let before = rows(&plane, "run_v1.run").await;
    let records = plane.events("evt.run.>").await;
    let mut projector = open(&plane).await;
    let applied = projector.apply(&records).await.expect("it has the view");
    assert_eq!((applied.passed_over, applied.folded, applied.parked), (records.len(), 0, 0));
    assert_eq!(rows(&plane, "run_v1.run").await, before);
}

/// Changes where the view of runs stands and starts it again; what it halts with.
async fn halted(plane: &mut Running, change: &str) -> String {
    plane.stop("run").await.expect("it ends in order");
    run(plane, change).await;
    plane.serve(&["run"]);
    let said = format!("{:#}", plane.ended("run").await.expect_err("it does not go on"));
    assert!(said.contains("rebuild the view"), "it says what to do: {said}");
    said
}

/// Undo the call of `verify` in `projects::read_on` to see these red: the view goes on from a
/// position that means nothing.
#[tokio::test]
async fn a_view_that_stands_beyond_the_end_of_the_log_halts() {
    let mut plane = with_runs(1).await;
    let what = halted(
        &mut plane,
        "UPDATE run_v1.checkpoint SET read_to_seq = 1000000, applied_seq = 1000000",
    )
    .await;
    assert!(what.contains("it stands at 1000000, and the log ends at"), "{what}");
}

#[tokio::test]
async fn a_view_whose_last_record_is_another_one_on_the_log_halts() {
    let mut plane = with_runs(1).await;
    let other = "UPDATE run_v1.checkpoint SET applied_hash = decode(repeat('00', 32), 'hex')";
    let what = halted(&mut plane, other).await;
    assert!(what.contains("has hash") && what.contains("was applied"), "{what}");
}

#[tokio::test]
async fn a_view_of_another_plane_halts() {
    let mut plane = with_runs(1).await;
    let other = "UPDATE run_v1.checkpoint SET epoch = '00000000-0000-0000-0000-000000000001'";
    let what = halted(&mut plane, other).await;
    assert!(what.contains("epoch"), "{what}");
}

/// The log is deleted and founded anew, as somebody might who restores the wrong volume.
#[tokio::test]
async fn a_log_that_was_made_anew_halts_every_view() {
    let mut plane = TestPlane::start_empty().await;
    let admin = plane.admin().await;
    let mut plane = plane.into_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    for event in whole("acme/old") {
        let sequence = faber.publish(&event).await;
        faber.hear(sequence).await;
    }
    plane.level().await;
    for service in ALL {
        plane.stop(service).await.expect("it ends in order");
    }
    let before = rows(&plane, "run_v1.run").await;
    api(&admin, "$JS.API.STREAM.DELETE.EVENTS", json!({})).await;
    plane.plane.set_up().await;
    plane.serve(&["run", "ledger", "deadline"]);
    for service in ["run", "ledger", "deadline"] {
        let error = format!("{:#}", plane.ended(service).await.expect_err("it does not go on"));
        assert!(error.contains("epoch"), "{service}: {error}");
    }
    assert_eq!(rows(&plane, "run_v1.run").await, before, "the rows are as they were");
}

/// An event of run `acme/0` as its service would append it, but for its type.
async fn append(plane: &Running, subject: &str, kind: &str, payload: &Value) {
    let run = plane.plane.connect("run").await;
    let mut attributes = Attributes::default();
    attributes.set("specversion", "1.0");
    attributes.set(ce::ID, derived_id(&["views", subject, kind]).to_string());
    attributes.set(ce::SOURCE, "/test");
    attributes.set(ce::TYPE, kind);
    attributes.set(ce::CAUSATIONID, Uuid::nil().to_string());
    let bytes = payload.to_string().into_bytes();
    store(&run, subject, to_headers(&attributes), bytes.into()).await.expect("the run may append");
}

/// Let `parking::sort` fold what it cannot read as nothing to see this red.
#[tokio::test]
async fn what_cannot_be_read_parks_with_its_reason_and_what_follows_it_parks_behind_it() {
    let mut plane = with_runs(2).await;
    let noted: Vec<Record> = plane.events("evt.run.acme/1").await;
    let mut event: Value = serde_json::from_slice(&noted[1].payload).expect("JSON");
    event["claim"]["number"] = 50.into();
    append(&plane, "evt.run.acme/0", "helmstream.run.teleported.v1", &json!({})).await;
    append(&plane, "evt.run.acme/0", "helmstream.run.phase_begun.v1", &event).await;
    append(&plane, "evt.run.acme/1", "helmstream.run.phase_begun.v1", &event).await;
    plane.level().await;
    let parked = parked_list(&plane.database, Some("run"), 10).await.expect("the views answer");
    assert_eq!(parked.len(), 2, "{parked:?}");
    assert!(parked.iter().all(|line| line.subject == "evt.run.acme/0"), "{parked:?}");
    assert!(parked[0].reason.contains("teleported"), "{parked:?}");
    assert!(parked[1].reason.contains("earlier record"), "{parked:?}");
    let lines = projection_list(&plane.database).await.expect("the views answer");
    let line = lines.iter().find(|line| line.projection == "run").expect("the view of runs");
    assert_eq!(line.parked, 2);
    let last = get::last(&plane.operator, EVENTS, "evt.run.acme/1").await.expect("the log answers");
    let neighbour = plane.run("acme/1").await.expect("the run is in the view");
    assert_eq!(
        Some(neighbour.run.summary.last_seq),
        last.map(|last| last.sequence),
        "its neighbour goes on"
    );
    // Still so for an instance that has parked nothing itself.
    plane.stop("run").await.expect("it ends in order");
    append(&plane, "evt.run.acme/0", "helmstream.run.step_begun.v1", &event).await;
    plane.serve(&["run"]);
    let parked = eventually("the third parked behind the second", async || {
        let parked = parked_list(&plane.database, Some("run"), 10).await.expect("the views answer");
        (parked.len() == 3).then_some(parked)
    })
    .await;
    assert!(parked[2].reason.contains("earlier record"), "{parked:?}");
}
