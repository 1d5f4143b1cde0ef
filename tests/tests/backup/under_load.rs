//! A plane that is published to all the while. Its parts are of different moments, and still nothing
//! that was acknowledged before is missing, and nothing happens twice.

use helmstream_projections::questions::outcome::outcomes;
use helmstream_schemas::outcome::Outcome;
use helmstream_stream::{append::EVENTS, read::extent};
use helmstream_tests::{
    audit,
    harness::TestPlane,
    kill::load::Load,
    patience::eventually,
    rest::worked_off,
    running::{ALL, Running},
};

use super::{create, folder, replay, restore};

/// Publishes before the backup begins.
const BEFORE: u64 = 1_500;

/// Positions asked about at once.
const ASKED: usize = 1_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_backup_under_load_is_in_it_and_happens_once() {
    let mut plane = TestPlane::start_running(&ALL).await;
    let load = Load::begin(plane.plane.connect("faber").await, 20_260_401);
    eventually("some load", async || (load.acknowledged() > BEFORE).then_some(())).await;
    // So that INBOX holds what is not decided when it is taken.
    plane.stop("door").await.expect("it ends in order");
    let held = load.acknowledged() + 200;
    eventually("a backlog", async || (load.acknowledged() > held).then_some(())).await;
    plane.serve(&["door"]);
    let before = extent(&plane.operator, "INBOX").await.expect("the log answers").last;
    let (begun, of) = (load.acknowledged(), folder(&plane.plane, "backup"));
    let created = create(&plane.plane.plane, &of).await.expect("a backup can be taken");
    assert!(load.acknowledged() > begun, "it was published to meanwhile");
    let acknowledged = load.end().await;
    let manifest = &created.manifest;
    let inbox = manifest.stream("INBOX").expect("it is in it");
    println!(
        "INBOX {} to {} of {}; {} bytes in {:?}",
        inbox.messages,
        inbox.last_seq,
        manifest.inbox_last_seq,
        created.bytes,
        manifest.ended_at.since(manifest.begun_at)
    );
    let empty = TestPlane::start_empty().await;
    let restored = restore(&empty, &of).await.expect("it can be put back");
    assert!(restored.is_same, "{restored:#?}");
    let to = restored.head_sequence;
    assert_eq!(replay(&empty, to), replay(&plane.plane, to), "byte for byte, hashes included");

    let back = empty.into_running(&ALL).await;
    let mut asked: Vec<u64> = acknowledged.iter().map(|told| told.inbox_sequence).collect();
    asked.retain(|sequence| *sequence <= manifest.inbox_last_seq);
    worked_off(&back.operator, async || true).await;
    back.level().await;
    let became = all_outcomes(&back, &asked).await;
    let lost: Vec<u64> =
        became.iter().filter(|(_, o)| matches!(o, Outcome::Lost)).map(|(at, _)| *at).collect();
    println!(
        "{} of {} are lost, all of them published while it was taken",
        lost.len(),
        asked.len()
    );
    assert!(lost.iter().all(|sequence| *sequence > before), "{lost:?}, and {before} were there");
    // By then the door has looked once more for what vanished, which it does now and then.
    back.level().await;
    audit::decisions(&back.plane).await;
    audit::outcomes(&back.plane).await;
    println!("decided as it should be");
    audit::rows(&back.plane).await;
    assert!(extent(&back.operator, EVENTS).await.expect("the log answers").last > to);
}

/// What became of publishes, once all of them have an outcome.
async fn all_outcomes(plane: &Running, asked: &[u64]) -> Vec<(u64, Outcome)> {
    let mut became = Vec::new();
    for part in asked.chunks(ASKED) {
        let found = eventually("an outcome of every publish", async || {
            let found = outcomes(&plane.database, part).await.expect("the views answer");
            found.into_iter().map(|(at, outcome)| Some((at, outcome?))).collect::<Option<Vec<_>>>()
        });
        became.extend(found.await);
    }
    became
}
