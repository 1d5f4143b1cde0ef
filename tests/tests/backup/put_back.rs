//! A plane at rest, put back: everything is as it was, and nobody does again what was done.

use async_nats::HeaderMap;
use helmstream_schemas::{Timestamp, outcome::Outcome};
use helmstream_services::backup::manifest::{MANIFEST, Manifest};
use helmstream_stream::{
    append::EVENTS,
    backup::{Floor, floors},
    publish::store,
    read::extent,
    setup::KEPT_FOR_EVER,
};
use helmstream_tests::{
    audit,
    faber::{external, said, whole},
    harness::TestPlane,
    patience::eventually,
    race,
    running::{ALL, Running, names},
};
use serde_json::{Value, json};

use super::{create, folder, helmstream, replay, restore, verify};

/// A plane whose services have done everything that was asked of them.
async fn at_rest() -> Running {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let at_gate = json!({"phase": "build", "timestamp": race::now().to_string()});
    let asks = [
        said("acme/asks", 1, "workflow_start", json!({"metadata": {"autonomy": "guarded"}})),
        said("acme/asks", 2, "approval_request", at_gate),
    ];
    for mut event in whole("acme/kept").into_iter().chain(asks) {
        event["data"]["user"] = "Kim of the tests".into();
        let sequence = faber.publish(&event).await;
        faber.hear(sequence).await;
    }
    // A reaction: the run asks, and so an approval is asked for.
    eventually("an approval", async || {
        let approvals = plane.events("evt.approval.*").await;
        (!approvals.is_empty()).then_some(())
    })
    .await;
    plane.level().await;
    plane
}

async fn heads(plane: &Running) -> Vec<u64> {
    let mut heads = Vec::new();
    for stream in KEPT_FOR_EVER {
        heads.push(extent(&plane.operator, stream).await.expect("the log answers").last);
    }
    heads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plane_that_is_put_back_is_the_same_and_does_nothing_again() {
    let plane = at_rest().await;
    let of = folder(&plane.plane, "backup");
    let created = create(&plane.plane.plane, &of).await.expect("a backup can be taken");
    assert_eq!(verify(&of).expect("it is whole").manifest, created.manifest);
    assert!(created.manifest.people.rows > 0, "somebody is named on this plane");
    let before = heads(&plane).await;

    let empty = TestPlane::start_empty().await;
    let restored = restore(&empty, &of).await.expect("it can be put back");
    assert!(restored.is_same, "{restored:#?}");
    assert!(restored.notes.iter().any(|note| note.contains("people.key")), "it has another key");
    assert_eq!((restored.head_sequence, restored.fact_sequence), (before[0], before[0] + 1));
    assert_eq!(restored.people, created.manifest.people.rows);
    let same = restored.views.iter().filter(|view| view.is_same == Some(true) && view.rows > 0);
    assert!(same.count() >= 4, "views with rows were compared: {:#?}", restored.views);
    let to = restored.head_sequence;
    assert_eq!(replay(&empty, to), replay(&plane.plane, to), "byte for byte, hashes included");

    // Who decides and who reacts goes on where it stood: no earlier, and not behind what is to come.
    let stood = |all: &[Floor]| -> Vec<Floor> {
        all.iter().filter(|at| KEPT_FOR_EVER.contains(&&*at.stream)).cloned().collect()
    };
    let now = floors(&empty.connect("operator").await).await.expect("the log answers");
    assert_eq!(stood(&now), stood(&created.manifest.durables));
    let moved = |stream: &str| now.iter().any(|at| at.stream == stream && at.ack_floor > 0);
    assert!(moved(EVENTS) && moved("COMMANDS"), "{now:?}");

    // The services take it for theirs: the streams and durables are as the files say, no view halts,
    // and one more publish has its own effects and no others.
    let back = empty.into_running(&ALL).await;
    let mut faber = back.publisher("faber").await;
    let fact = faber.publish(&external("/tests/after", "1", json!({"n": 1}))).await;
    faber.hear(fact).await;
    back.level().await;
    assert_eq!(heads(&back).await, [before[0] + 2, before[1] + 1, before[2]]);
    let facts = back.events("evt.plane.plane").await;
    assert_eq!(names(&facts), ["founded", "restored"]);
    let told: Value = serde_json::from_slice(&facts[1].payload).expect("JSON");
    assert_eq!(told["head_hash"], restored.head_hash.to_string());
    assert_eq!(told["epoch"], created.manifest.epoch.to_string());
    audit::decisions(&back.plane).await;
    audit::outcomes(&back.plane).await;
    audit::rows(&back.plane).await;
    assert!(helmstream(&back.plane, &["verify"]).status.success());

    // And it can be taken again.
    let again = folder(&back.plane, "again");
    let again = create(&back.plane.plane, &again).await.expect("a backup can be taken");
    assert_eq!(again.manifest.epoch, created.manifest.epoch);
}

/// Backups are put back later than they are taken, and deadlines do not wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadline_that_came_meanwhile_fires_when_it_is_back_and_is_no_difference() {
    let plane = TestPlane::start_empty().await;
    plane.set_up().await;
    let run = plane.connect("run").await;
    let soon = Timestamp::from_nanos(race::now().nanos() + 2_000_000_000);
    let mut headers = HeaderMap::new();
    headers.insert("Nats-Schedule", format!("@at {soon}"));
    headers.insert("Nats-Schedule-Target", "due.run.late.stalled");
    headers.insert("Nats-TTL", "never");
    store(&run, "sch.run.late.stalled", headers, "x".into()).await.expect("a run may arm");
    let of = folder(&plane, "backup");
    create(&plane.plane, &of).await.expect("a backup can be taken");
    eventually("the deadline", async || {
        let at = extent(&run, "DEADLINES").await.expect("the log answers");
        (at.last > 1).then_some(())
    })
    .await;
    let empty = TestPlane::start_empty().await;
    let restored = restore(&empty, &of).await.expect("it can be put back");
    assert!(restored.is_same, "{restored:#?}");
    let there = empty.connect("run").await;
    eventually("the deadline", async || {
        let at = extent(&there, "DEADLINES").await.expect("the log answers");
        (at.last == 2).then_some(())
    })
    .await;
}

/// Leave the passing over out to see this red: the door takes the publish for one that it handled.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_that_were_given_out_while_it_was_taken_are_told_lost_and_not_given_out_again() {
    let plane = at_rest().await;
    let of = folder(&plane.plane, "backup");
    let mut manifest = create(&plane.plane.plane, &of).await.expect("it can be taken").manifest;
    let last = manifest.inbox_last_seq;
    manifest.inbox_last_seq += 7;
    std::fs::write(of.join(MANIFEST), manifest.bytes()).expect("it can be written");
    let empty = TestPlane::start_empty().await;
    let restored = restore(&empty, &of).await.expect("it can be put back");
    assert_eq!(restored.inbox_passed_over, 7);
    let back = empty.into_running(&ALL).await;
    let mut faber = back.publisher("faber").await;
    let fact = faber.publish(&external("/tests/after", "1", json!({"n": 1}))).await;
    assert_eq!(fact, last + 8);
    assert_eq!(faber.hear(fact).await.word(), "external fact");
    for sequence in last + 1..fact {
        assert_eq!(back.outcome(sequence).await, Outcome::Lost);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_tells_its_evidence_and_leaves_nothing() {
    let plane = at_rest().await;
    let of = folder(&plane.plane, "backup");
    create(&plane.plane.plane, &of).await.expect("a backup can be taken");
    let place = folder(&plane.plane, "drills");
    std::fs::create_dir(&place).expect("a folder");
    // Postgres runs as somebody else than root, who has to get there.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o777);
    std::fs::set_permissions(&place, open).expect("a folder");
    let drilled = std::process::Command::new(env!("CARGO_BIN_EXE_helmstream-tested"))
        .env("TMPDIR", &place)
        .args(["backup", "drill", "-o", "json"])
        .arg(&of)
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&drilled.stderr).into_owned();
    assert!(drilled.status.success(), "{said}");
    let evidence: Value = serde_json::from_slice(&drilled.stdout).expect("JSON");
    let manifest = Manifest::read(&of).expect("it is whole");
    assert_eq!(evidence["is_same"], true);
    assert_eq!(evidence["manifest_sha256"], manifest.digest().to_string());
    assert_eq!(evidence["epoch"], manifest.epoch.to_string());
    let left = std::fs::read_dir(&place).expect("a folder").count();
    assert_eq!(left, 0, "the plane is gone");
}
