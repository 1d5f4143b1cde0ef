//! Snapshots that are gone, stale or broken: whatever stands in STATES, loading comes to what the
//! log says. A snapshot saves time and nothing else.

use helmstream_core::Decider;
use helmstream_schemas::{Context, Id, Subject};
use helmstream_stream::{
    Connection,
    decide::Desk,
    get,
    limits::{SNAPSHOT_EVERY_EVENTS, SNAPSHOT_LEAVING_EVENTS},
    load::{load, save},
    publish::store,
};
use helmstream_tests::{
    admin::api,
    counter::{Counter, delivered, numbers},
    harness::TestPlane,
    patience::eventually,
};
use serde_json::{Value, json};

use super::{CACHED_BYTES, assert_loads_as_folded, folded, id, log};

fn state_of(counter: &Id) -> String {
    Subject::State { context: Context::Run, id: counter.clone() }.to_string()
}

async fn take(run: &Connection, counter: &Id, numbers: std::ops::RangeInclusive<u128>) {
    let desk = Desk::<Counter>::new(run.clone(), CACHED_BYTES);
    for n in numbers {
        desk.settle(counter, &delivered(counter, n, "take")).await.expect("it is settled");
    }
}

/// Replaces the snapshot by what `change` makes of it; then loads, and decides from a fresh desk.
async fn changed(run: &Connection, counter: &Id, what: &str, change: impl Fn(&mut Value)) {
    let aggregate = folded::<Counter>(run, counter).await;
    save(run, counter, &aggregate).await.expect("a snapshot can be saved");
    let stored = get::last(run, "STATES", &state_of(counter)).await.expect("the log answers");
    let mut snapshot: Value =
        serde_json::from_slice(&stored.expect("a snapshot").payload).expect("JSON");
    change(&mut snapshot);
    store(run, &state_of(counter), Default::default(), snapshot.to_string().into_bytes().into())
        .await
        .expect("the owner may write its states");
    assert_loads_as_folded::<Counter>(run, counter, what).await;
    let next = aggregate.length as u128 + 1;
    take(run, counter, next..=next).await;
    let wanted: Vec<u64> = (1..=next as u64).collect();
    assert_eq!(numbers(&log(run, counter).await), wanted, "decided after: {what}");
}

/// Undo the comparison of the hash in `load::advance` or in `load::load` to see this red, or that of the
/// state's version in `load::readable`.
#[tokio::test]
async fn a_snapshot_that_does_not_stand_on_the_log_is_not_believed() {
    let plane = TestPlane::start().await;
    let run = plane.connect("run").await;
    let counter = id("snapped");
    take(&run, &counter, 1..=5).await;
    let last = |snapshot: &mut Value| snapshot["aggregate"]["state"]["last"] = 700.into();
    changed(&run, &counter, "as it was saved", |_| {}).await;
    changed(&run, &counter, "another hash", |snapshot| {
        last(snapshot);
        snapshot["aggregate"]["last_hash"] = "0".repeat(64).into();
    })
    .await;
    changed(&run, &counter, "no hash", |snapshot| {
        last(snapshot);
        snapshot["aggregate"]["last_hash"] = Value::Null;
    })
    .await;
    changed(&run, &counter, "another version of the state", |snapshot| {
        last(snapshot);
        snapshot["state_version"] = (Counter::STATE_VERSION + 1).into();
    })
    .await;
    changed(&run, &counter, "a revision beyond the log", |snapshot| {
        last(snapshot);
        snapshot["aggregate"]["revision"] = 1_000_000.into();
    })
    .await;
    changed(&run, &counter, "a revision before its last event", |snapshot| {
        last(snapshot);
        let revision = snapshot["aggregate"]["revision"].as_u64().expect("a position");
        snapshot["aggregate"]["revision"] = (revision - 1).into();
    })
    .await;
    changed(&run, &counter, "revision zero", |snapshot| {
        last(snapshot);
        snapshot["aggregate"]["revision"] = 0.into();
        snapshot["aggregate"]["last_hash"] = Value::Null;
    })
    .await;
    changed(&run, &counter, "fields of another kind", |snapshot| {
        snapshot["aggregate"]["state"] = json!([1])
    })
    .await;
    changed(&run, &counter, "nothing", |snapshot| *snapshot = Value::Null).await;
}

#[tokio::test]
async fn garbage_in_place_of_a_snapshot_is_passed_over() {
    let plane = TestPlane::start().await;
    let run = plane.connect("run").await;
    let counter = id("garbage");
    take(&run, &counter, 1..=3).await;
    for garbage in [&b""[..], b"\xff\xfe\x00", b"{", b"[[[[", &[b'['; 4_000]] {
        let bytes = garbage.to_vec();
        store(&run, &state_of(&counter), Default::default(), bytes.into()).await.expect("stored");
        assert_loads_as_folded::<Counter>(&run, &counter, &format!("{garbage:?}")).await;
    }
}

/// Undo the comparison of the revision in `load::advance` to see this red.
#[tokio::test]
async fn the_snapshot_of_another_aggregate_is_not_taken_for_this_ones() {
    let plane = TestPlane::start().await;
    let run = plane.connect("run").await;
    let (one, other) = (id("one"), id("other"));
    take(&run, &one, 1..=4).await;
    take(&run, &other, 1..=9).await;
    save(&run, &other, &folded::<Counter>(&run, &other).await).await.expect("saved");
    let foreign = get::last(&run, "STATES", &state_of(&other))
        .await
        .expect("the log answers")
        .expect("a snapshot");
    store(&run, &state_of(&one), Default::default(), foreign.payload.into()).await.expect("stored");
    assert_loads_as_folded::<Counter>(&run, &one, "a snapshot of another aggregate").await;
}

/// Undo the folding of the rest in `load::advance` to see this red.
#[tokio::test]
async fn a_snapshot_that_is_behind_is_caught_up_with_and_one_that_is_gone_is_not_missed() {
    let mut plane = TestPlane::start_empty().await;
    let admin = plane.admin().await;
    plane.set_up().await;
    let run = plane.connect("run").await;
    let counter = id("behind");
    // With one that is written when it is time for it, and some events after it.
    let events = u128::from(SNAPSHOT_EVERY_EVENTS) + 7;
    take(&run, &counter, 1..=events).await;
    let stored = get::last(&run, "STATES", &state_of(&counter)).await.expect("the log answers");
    let snapshot: Value =
        serde_json::from_slice(&stored.expect("it is time for one").payload).expect("JSON");
    assert_eq!(snapshot["aggregate"]["length"], SNAPSHOT_EVERY_EVENTS);
    assert_loads_as_folded::<Counter>(&run, &counter, "behind").await;
    api(&admin, "$JS.API.STREAM.PURGE.STATES", json!({})).await;
    assert_loads_as_folded::<Counter>(&run, &counter, "gone").await;
    take(&run, &counter, events + 1..=events + 1).await;
    assert_eq!(numbers(&log(&run, &counter).await).len() as u128, events + 1);
}

/// That a snapshot is used at all: one that stands on the log and says something else shows. Only
/// who may write STATES could make one.
#[tokio::test]
async fn a_snapshot_that_stands_on_the_log_saves_the_reading_of_it() {
    let plane = TestPlane::start().await;
    let run = plane.connect("run").await;
    let counter = id("used");
    take(&run, &counter, 1..=3).await;
    let mut aggregate = folded::<Counter>(&run, &counter).await;
    aggregate.state.open = true;
    save(&run, &counter, &aggregate).await.expect("saved");
    assert!(load::<Counter>(&run, &counter).await.expect("it loads").state.open);
}

/// Take what is seen off out of the end of `Desk::settle` to see this red.
#[tokio::test]
async fn what_leaves_the_memory_with_enough_new_events_leaves_a_snapshot() {
    let plane = TestPlane::start().await;
    let run = plane.connect("run").await;
    // Room for one alone.
    let desk = Desk::<Counter>::new(run.clone(), 1);
    let (long, short, other) = (id("long"), id("short"), id("other"));
    for (counter, events) in
        [(&long, SNAPSHOT_LEAVING_EVENTS), (&short, SNAPSHOT_LEAVING_EVENTS - 1), (&other, 1)]
    {
        for n in 1..=events {
            let command = delivered(counter, n.into(), "take");
            desk.settle(counter, &command).await.expect("it is settled");
        }
    }
    let saved = async |counter: &Id| {
        get::last(&run, "STATES", &state_of(counter)).await.expect("the log answers").is_some()
    };
    eventually("a snapshot of what left", async || saved(&long).await.then_some(())).await;
    assert!(!saved(&short).await);
    assert_loads_as_folded::<Counter>(&run, &long, "left").await;
}
