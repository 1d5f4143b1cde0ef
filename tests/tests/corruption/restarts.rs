//! Starting again is no reason for alarm, however often and wherever it was stopped: thousands of
//! times by hand,
//! `HELMSTREAM_RESTARTS=10000 HELMSTREAM_SEED=7 cargo test -p helmstream-tests --test corruption restarts -- --nocapture`

use std::{env, time::Duration};

use helmstream_projections::{self as views, Projection, Projector};
use helmstream_stream::{append::EVENTS, founding, get, headers::to_headers, publish::store, read};
use helmstream_tests::{kill::chance::Chance, running::Running};
use uuid::Uuid;

use super::{at_rest, difference, run_sql};

fn number(name: &str, unsaid: u64) -> u64 {
    env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(unsaid)
}

#[tokio::test]
async fn a_view_that_is_stopped_anywhere_and_started_again_is_never_alarmed() {
    let (restarts, seed) = (number("HELMSTREAM_RESTARTS", 300), number("HELMSTREAM_SEED", 1));
    println!("{restarts} restarts, HELMSTREAM_SEED={seed}");
    let (plane, client) = at_rest(4).await;
    run_sql(&plane, "TRUNCATE run_v1.run, run_v1.checkpoint").await;
    run_sql(
        &plane,
        "DELETE FROM ledger_v1.record WHERE stream = 'EVENTS'; \
         DELETE FROM ledger_v1.checkpoint WHERE stream = 'EVENTS'",
    )
    .await;
    let external = plane.plane.connect("external").await;
    let pattern = plane.events(">").await.swap_remove(3);
    let mut chance = Chance::new(seed);
    let (mut applied, mut cancelled) = (0, 0);
    for restart in 0..restarts {
        // The log goes on meanwhile.
        if chance.below(3) == 0 {
            let mut attributes = pattern.attributes.clone();
            attributes.set("id", Uuid::from_u128(u128::from(restart)).to_string());
            let payload = pattern.payload.clone().into();
            store(&external, "evt.external.ci", to_headers(&attributes), payload)
                .await
                .expect("it may append");
        }
        // A batch takes some milliseconds, so that about half of them are cut off somewhere.
        let (most, cut_off_ms) = (chance.below(4), chance.below(8));
        let done = match chance.below(2) {
            0 => restarted::<views::Run>(&plane, "run", most, cut_off_ms).await,
            _ => restarted::<views::Ledger>(&plane, "ledger", most, cut_off_ms).await,
        };
        match done {
            Some(count) => applied += count,
            None => cancelled += 1,
        }
    }
    println!("{applied} records applied, {cancelled} batches cut off");
    assert!(cancelled > 0 && applied > restarts / 10, "both were tried");
    assert_eq!(difference(&client).await, None);
}

/// Opens a view, compares it with the log, applies some records, and drops it wherever it then is.
/// How many were applied; `None` if it was cut off in the middle.
async fn restarted<P: Projection>(
    plane: &Running,
    role: &str,
    most: u64,
    cut_off_ms: u64,
) -> Option<u64> {
    let log = &plane.operator;
    let database = plane.plane.plane.database(role).expect("the role has a password");
    let epoch = founding::epoch(log).await.expect("the log answers").expect("it was founded");
    let mut projector = Projector::<P>::open(&database, EVENTS, Uuid::new_v4(), epoch)
        .await
        .expect("the view can be taken over");
    let next = projector.resume().await.expect("the view is there");
    let head = read::extent(log, EVENTS).await.expect("the log answers").last;
    let at = projector.checkpoint().applied_seq;
    let record = match at {
        0 => None,
        at => get::at(log, EVENTS, at).await.expect("the log answers"),
    };
    projector
        .verify(epoch, head, record.as_ref())
        .unwrap_or_else(|alarm| panic!("a false alarm: {alarm}"));
    let mut records = get::page(log, EVENTS, ">", next).await.expect("the log answers");
    records.truncate(most as usize);
    let Some(last) = records.last().map(|record| record.sequence) else { return Some(0) };
    if P::NAME == "run" {
        records.retain(|record| record.subject.starts_with("evt.run."));
    }
    let count = records.len() as u64;
    let cut_off = tokio::time::sleep(Duration::from_millis(cut_off_ms));
    tokio::select! {
        applied = projector.apply_to(&records, last) => {
            let applied = applied.expect("it has the view");
            assert_eq!((applied.folded as u64, applied.parked), (count, 0));
            Some(count)
        }
        () = cut_off => None,
    }
}
