//! A retry that is done twice, because whoever did it was cut off before it could say so, is told
//! once.

use std::path::Path;

use helmstream_core::door::{RETRIER, again};
use helmstream_schemas::{Id, Record, dead_letter::DeadLetterEvent, outcome::Outcome};
use helmstream_stream::{get, headers::to_headers, publish::store, read::extent};
use helmstream_tests::{
    faber::said,
    harness::TestPlane,
    kill::mortals::Mortals,
    patience::eventually,
    running::{Running, names},
};
use serde_json::json;

use super::{WITH, bury, listed, retry};

/// Publishes what the service would for this event.
async fn publish_again(plane: &Running, of: u64, event: &Record) -> u64 {
    let DeadLetterEvent::Retried(retried) = get::word(event).expect("a word of ours") else {
        panic!("no retry")
    };
    let found = get::at(&plane.operator, "DEADLETTERS", retried.dead_sequence).await;
    let found = found.expect("the log answers");
    let id = Id::new(of.to_string()).expect("an id");
    let cause = event.attributes.uuid().expect("an id");
    let again = again(&id, cause, &retried, found.as_ref());
    let retrier = plane.plane.connect(RETRIER).await;
    let subject = format!("in.{RETRIER}");
    store(&retrier, &subject, to_headers(&again.attributes), again.payload.into())
        .await
        .expect("the retrier may")
}

/// Undo what `once` stands for in the door (`core/src/door/retry.rs`) to see this red: the dead ones
/// are kept three times.
#[tokio::test]
async fn the_same_retry_twice_has_one_outcome_whatever_it_comes_to() {
    let without: Vec<&str> = WITH.into_iter().filter(|name| *name != "dead_letter").collect();
    let mut plane = TestPlane::start_running(&WITH).await;
    let mut faber = plane.publisher("faber").await;
    let mut operator = plane.publisher("operator").await;
    let first = faber.publish(&said("acme/t", 1, "workflow_start", json!({}))).await;
    faber.hear(first).await;
    let conflict = said("acme/t", 1, "workflow_start", json!({"message": "other"})).to_string();
    for bytes in [b"no json".to_vec(), conflict.into_bytes()] {
        let (of, dead_sequence) = bury(&mut faber, &bytes).await;
        let before = listed(&plane, true).await.len();
        let event = retry(&plane, &mut operator, of, dead_sequence).await;
        let became = super::became(&plane, of).await;
        // By the same door, and then by one that remembers nothing.
        let second = publish_again(&plane, of, &event).await;
        let wanted = Outcome::DuplicateOf { first_inbox_sequence: became.inbox_sequence };
        assert_eq!(plane.outcome(second).await, wanted);
        plane.stop("door").await.expect("the door ends in order");
        plane.serve(&["door"]);
        let third = publish_again(&plane, of, &event).await;
        assert_eq!(plane.outcome(third).await, wanted);
        assert_eq!(listed(&plane, true).await.len(), before + 1);
        assert_eq!(super::became(&plane, of).await, became, "the first outcome stays");
    }
    // A failure is told once as well.
    let (of, _) = bury(&mut faber, b"nor this").await;
    let event = retry(&plane, &mut operator, of, 999).await;
    let failed = eventually("a retry that failed", async || {
        let events = plane.events(&format!("evt.dead_letter.{of}")).await;
        (events.len() == 2).then_some(events)
    });
    assert_eq!(names(&failed.await), ["retried", "retry_failed"]);
    let second = publish_again(&plane, of, &event).await;
    assert!(matches!(plane.outcome(second).await, Outcome::DuplicateOf { .. }));
    assert_eq!(plane.events(&format!("evt.dead_letter.{of}")).await.len(), 2);
    for service in without {
        plane.stop(service).await.expect("it ends in order");
    }
}

#[tokio::test]
async fn killed_between_publish_and_acknowledgement_it_goes_on_and_there_is_one_outcome() {
    let without: Vec<&str> = WITH.into_iter().filter(|name| *name != "dead_letter").collect();
    let plane = TestPlane::start_running(&without).await;
    let program = Path::new(env!("CARGO_BIN_EXE_helmstream-tested"));
    let mut mortals = Mortals::new(program, plane.plane.plane.directory());
    mortals.start("dead_letter", Some(("published_again", 1)));
    let mut faber = plane.publisher("faber").await;
    let mut operator = plane.publisher("operator").await;
    let (of, dead_sequence) = bury(&mut faber, b"no json").await;
    let before = extent(&plane.operator, "DEADLETTERS").await.expect("the log answers").last;
    retry(&plane, &mut operator, of, dead_sequence).await;
    eventually("the death of the retrier", async || mortals.dead().pop()).await;
    mortals.start("dead_letter", None);
    // The second publish of the same retry is told as a repeat of the first.
    let entries = eventually("the repeat", async || {
        let entries = plane.journal().await;
        let last = entries.last()?.attributes.get("type")?.to_owned();
        last.contains("duplicate_of").then_some(entries)
    })
    .await;
    assert_eq!(entries.len(), 3, "two dead letters and a repeat");
    let after = extent(&plane.operator, "DEADLETTERS").await.expect("the log answers").last;
    assert_eq!(after, before + 1);
    let became = super::became(&plane, of).await;
    assert!(matches!(became.outcome, Some(Outcome::DeadLetter { .. })), "{became:?}");
}
