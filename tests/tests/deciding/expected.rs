//! Commands that expect their aggregate at a revision, decided by several processes at once: the
//! guard of the append makes of the expectation a promise.

use futures_util::future::join;
use helmstream_schemas::{
    Expected, Id, Record, attributes::EXPECTEDREVISION, outcome::Outcome, refusal::CHANGED_SINCE,
};
use helmstream_stream::{Address, connect, decide::Desk};
use helmstream_tests::{
    counter::{Counter, delivered, numbers},
    harness::TestPlane,
    proxy::Wire,
};

use super::{CACHED_BYTES, id, log};

const ROUNDS: u128 = 100;

fn expecting(counter: &Id, n: u128, name: &str, expected: impl Into<Expected>) -> Record {
    let mut command = delivered(counter, n, name);
    command.attributes.set(EXPECTEDREVISION, expected.into().to_string());
    command
}

fn event_at(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Event { sequence, .. } => *sequence,
        other => panic!("{other:?}"),
    }
}

fn is_changed(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused { reason, .. } if reason == CHANGED_SINCE)
}

/// Take the look at what is expected out of the core's `decide_ahead` to see this red: both win.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_askers_of_one_revision_exactly_one_wins_a_hundred_times() {
    let plane = TestPlane::start().await;
    let (one, other) = (plane.connect("run").await, plane.connect("run").await);
    let counter = id("expected");
    let desks = [one.clone(), other].map(|c| Desk::<Counter>::new(c, CACHED_BYTES));
    let first = desks[0].settle(&counter, &delivered(&counter, 1, "take")).await.expect("settled");
    let mut revision = event_at(&first);
    for round in 0..ROUNDS {
        let [a, b] = [0, 1].map(|n| expecting(&counter, 2 * round + 2 + n, "take", revision));
        let (a, b) = join(desks[0].settle(&counter, &a), desks[1].settle(&counter, &b)).await;
        let told = [a.expect("it is settled"), b.expect("it is settled")];
        let won = told.iter().filter(|outcome| matches!(outcome, Outcome::Event { .. })).count();
        let lost = told.iter().filter(|outcome| is_changed(outcome)).count();
        assert_eq!((won, lost), (1, 1), "round {round}: {told:?}");
        // The refusal is a record as well, and comes last.
        revision = log(&one, &counter).await.last().expect("a record").sequence;
    }
    let taken = numbers(&log(&one, &counter).await);
    assert_eq!(taken, (1..=ROUNDS as u64 + 1).collect::<Vec<_>>());
}

/// Somebody whose memory is behind the log may neither do what is not expected there, nor refuse
/// what is.
#[tokio::test]
async fn whoever_remembers_less_than_the_log_holds_decides_by_the_log() {
    let plane = TestPlane::start().await;
    let (one, other) = (plane.connect("run").await, plane.connect("run").await);
    let counter = id("behind");
    let desks = [one, other].map(|c| Desk::<Counter>::new(c, CACHED_BYTES));
    let old = desks[0].settle(&counter, &delivered(&counter, 1, "take")).await.expect("settled");
    let new = desks[1].settle(&counter, &delivered(&counter, 2, "take")).await.expect("settled");
    let (old, new) = (event_at(&old), event_at(&new));
    // The first desk still has it in its memory as it was.
    let current = expecting(&counter, 3, "take", new);
    let told = desks[0].settle(&counter, &current).await.expect("settled");
    let newest = event_at(&told);
    let stale = expecting(&counter, 4, "take", old);
    assert!(is_changed(&desks[1].settle(&counter, &stale).await.expect("settled")));
    let nothing = expecting(&counter, 5, "nothing", newest);
    assert!(is_changed(&desks[0].settle(&counter, &nothing).await.expect("settled")));
    let again = desks[0].settle(&counter, &current).await.expect("settled");
    assert_eq!(event_at(&again), newest, "asked again it is answered as the first time");
}

/// Decide anew after an unknown append without looking for the own cause to see this red: the
/// asker is told that it changed, by its own success.
#[tokio::test]
async fn an_append_whose_answer_was_lost_is_no_change_by_somebody_else() {
    let plane = TestPlane::start().await;
    let wire = Wire::to(plane.nats.port()).await;
    let address = Address { url: wire.url.clone(), ..plane.plane.address("run") };
    let connection = connect(&address).await.expect("the wire carries");
    let counter = id("unheard");
    let desk = Desk::<Counter>::new(connection.clone(), CACHED_BYTES);
    let first = desk.settle(&counter, &delivered(&counter, 1, "take")).await.expect("settled");
    wire.lose_an_answer_with("\"stream\":\"EVENTS\"");
    let expected = expecting(&counter, 2, "take", event_at(&first));
    let told = desk.settle(&counter, &expected).await.expect("it is settled");
    assert_eq!(wire.lost(), 1, "the answer was lost");
    assert!(matches!(told, Outcome::Event { .. }), "{told:?}");
    assert_eq!(numbers(&log(&connection, &counter).await), [1, 2]);
}
