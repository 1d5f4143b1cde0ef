//! One outcome a command, for ever: delivered again, refused, out of order.

use helmstream_core::run::Run;
use helmstream_projections::run::RunStatus;
use helmstream_schemas::outcome::Outcome;
use helmstream_stream::decide::Desk;
use helmstream_tests::{
    counter::{Counter, delivered, numbers},
    faber::whole,
    harness::TestPlane,
    running::{ALL, names},
};

use super::{CACHED_BYTES, folded, id, log};

/// Undo the search for the cause in the core's `Aggregate::decide` to see this red.
#[tokio::test]
async fn a_command_delivered_again_has_the_outcome_it_had() {
    let plane = TestPlane::start().await;
    let run = plane.connect("run").await;
    let counter = id("again");
    let desk = Desk::<Counter>::new(run.clone(), CACHED_BYTES);
    for (n, name) in [(1, "open"), (2, "take"), (3, "take_two"), (4, "take")] {
        let command = delivered(&counter, n, name);
        let first = desk.settle(&counter, &command).await.expect("it is settled");
        let again = desk.settle(&counter, &command).await.expect("it is settled");
        assert_eq!(again, first, "by the same desk");
        let elsewhere = Desk::<Counter>::new(run.clone(), CACHED_BYTES);
        assert_eq!(
            elsewhere.settle(&counter, &command).await.expect("it is settled"),
            first,
            "by another"
        );
    }
    // The first once more, after all the others.
    let late = desk.settle(&counter, &delivered(&counter, 2, "take")).await.expect("it is settled");
    let events = log(&run, &counter).await;
    assert!(
        matches!(late, Outcome::Event { sequence, .. } if sequence == events[1].sequence),
        "{late:?}"
    );
    assert_eq!(names(&events), ["opened", "taken", "taken", "taken", "taken"]);
}

/// Undo `causes.note` for refusals in the core's `Aggregate::fold` to see this red.
#[tokio::test]
async fn a_refused_command_stays_refused_after_the_state_would_allow_it() {
    let plane = TestPlane::start().await;
    let run = plane.connect("run").await;
    let counter = id("refused");
    let desk = Desk::<Counter>::new(run.clone(), CACHED_BYTES);
    let command = delivered(&counter, 1, "take_if_open");
    let refused = desk.settle(&counter, &command).await.expect("it is settled");
    assert!(
        matches!(&refused, Outcome::Refused { reason, .. } if reason == "closed"),
        "{refused:?}"
    );
    desk.settle(&counter, &delivered(&counter, 2, "open")).await.expect("it is settled");
    let other = desk
        .settle(&counter, &delivered(&counter, 3, "take_if_open"))
        .await
        .expect("it is settled");
    assert!(matches!(other, Outcome::Event { .. }), "another command is allowed by now: {other:?}");
    for desk in [desk, Desk::new(run.clone(), CACHED_BYTES)] {
        assert_eq!(desk.settle(&counter, &command).await.expect("it is settled"), refused);
    }
    let events = log(&run, &counter).await;
    assert_eq!(names(&events), ["command_refused", "opened", "taken"]);
}

/// Undo the second desk's catching up in `load::catch_up` (let it answer what it was given) to see
/// this red: a stale desk never gets past its conflict.
#[tokio::test]
async fn a_desk_whose_memory_is_stale_decides_on_what_is_stored() {
    let plane = TestPlane::start().await;
    let run = plane.connect("run").await;
    let counter = id("stale");
    let (one, other) = (
        Desk::<Counter>::new(run.clone(), CACHED_BYTES),
        Desk::<Counter>::new(run.clone(), CACHED_BYTES),
    );
    for n in 1..=12 {
        let desk = if n % 3 == 0 { &one } else { &other };
        desk.settle(&counter, &delivered(&counter, n, "take")).await.expect("it is settled");
    }
    assert_eq!(numbers(&log(&run, &counter).await), (1..=12).collect::<Vec<_>>());
}

/// A memory of aggregates that holds one at a time still decides rightly on many.
#[tokio::test]
async fn a_desk_that_forgets_loads_again() {
    let plane = TestPlane::start().await;
    let run = plane.connect("run").await;
    let desk = Desk::<Counter>::new(run.clone(), 1);
    for n in 1..=24 {
        let counter = id(&format!("many-{}", n % 4));
        desk.settle(&counter, &delivered(&counter, n, "take")).await.expect("it is settled");
    }
    for n in 0..4 {
        assert_eq!(numbers(&log(&run, &id(&format!("many-{n}"))).await), [1, 2, 3, 4, 5, 6]);
    }
}

/// The reports of one run, decided in every rotation of their order. Make a gate or a phase depend
/// on the order of arrival in the core's `run` to see this red.
#[tokio::test]
async fn commands_of_one_run_come_to_the_same_run_in_any_order() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut states = Vec::new();
    for turn in 0..9 {
        let name = format!("turned-{turn}");
        let mut events = whole(&name);
        events.rotate_left(turn);
        if turn % 2 == 1 {
            events.reverse();
        }
        let mut last = Vec::new();
        for event in &events {
            last.push(faber.publish(event).await);
        }
        for sequence in last {
            faber.hear(sequence).await;
        }
        let shown = plane.run(&name).await.expect("the run is in the view").run;
        assert_eq!(shown.summary.status, RunStatus::Completed, "turn {turn}");
        let run = folded::<Run>(&plane.operator, &id(&name)).await;
        // Digests hold the run's own name, and instants are the door's.
        let state = format!("{:?}", (shown.phases, shown.steps, shown.gates, run.length));
        states.push(state);
    }
    states.dedup();
    assert_eq!(states.len(), 1, "{states:#?}");
}
