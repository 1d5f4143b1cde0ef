//! What a retry becomes: an event if what made it dead has gone, a dead letter if not, and a failure
//! if there is nothing to publish.

use helmstream_projections::{
    dead_letter::Standing,
    questions::why::{Link, why},
};
use helmstream_schemas::{Attributes, attributes as ce, outcome::Outcome};
use helmstream_stream::{headers::to_headers, publish::store};
use helmstream_tests::{
    faber::said,
    harness::TestPlane,
    patience::eventually,
    running::{Running, names},
};
use serde_json::json;
use uuid::Uuid;

use super::{WITH, became, bury, listed, retry, shown};

/// Keeps bytes as the door would have, had it not been able to read them for a reason that has gone.
async fn keep(plane: &Running, of: u64, bytes: &[u8]) -> u64 {
    let door = plane.plane.connect("door").await;
    let mut attributes = Attributes::default();
    attributes.set(ce::INBOXSEQUENCE, of.to_string());
    attributes.set(ce::PUBLISHER, "faber");
    let headers = to_headers(&attributes);
    store(&door, "dead.faber", headers, bytes.to_vec().into()).await.expect("the door may")
}

fn ids(link: &Link, found: &mut Vec<Uuid>) {
    found.push(link.id);
    link.effects.iter().for_each(|effect| ids(effect, found));
}

#[tokio::test]
async fn what_can_be_read_by_now_becomes_an_event_of_its_publisher_caused_by_the_retry() {
    let plane = TestPlane::start_running(&WITH).await;
    let mut faber = plane.publisher("faber").await;
    let mut operator = plane.publisher("operator").await;
    let (of, _) = bury(&mut faber, b"{ this is no json").await;
    let event = said("acme/back", 1, "workflow_start", json!({}));
    let kept = keep(&plane, of, event.to_string().as_bytes()).await;
    let retried = retry(&plane, &mut operator, of, kept).await;
    let became = became(&plane, of).await;
    let Some(Outcome::Event { name, aggregate, sequence, .. }) = &became.outcome else {
        panic!("{became:?}")
    };
    assert_eq!((name.as_str(), aggregate.as_str()), ("started", "acme/back"));
    let command = plane.commands("cmd.*.run.report.acme/back").await.remove(0);
    let cause = retried.attributes.get(ce::ID).expect("an id");
    let wanted = [
        (ce::CAUSATIONID, cause),
        (ce::PUBLISHER, "faber"),
        (ce::ACTOR, "faber"),
        (ce::ACTORKIND, "service"),
    ];
    for (name, value) in wanted {
        assert_eq!(command.attributes.get(name), Some(value), "{name}");
    }
    let shown = shown(&plane, of).await;
    assert_eq!(shown.standing, Standing::Retried);
    assert_eq!(shown.retries[0].attempt.decided.by.id, "operator");
    assert_eq!(shown.retries[0].attempt.decided.reason.as_deref(), Some("mended"));
    let event = &plane.events("evt.run.acme/back").await[0];
    assert_eq!(event.sequence, *sequence);
    let id = event.attributes.uuid().expect("an id");
    let told =
        why(&plane.database, id, None).await.expect("the views answer").answer.expect("a why");
    let mut chain = Vec::new();
    ids(&told.chain, &mut chain);
    assert!(chain.contains(&id) && chain.contains(&cause.parse().expect("an id")), "{chain:?}");
    // Once it was taken, the publisher's own repeat is one.
    let again = faber.publish(&said("acme/back", 1, "workflow_start", json!({}))).await;
    let wanted = Outcome::DuplicateOf { first_inbox_sequence: became.inbox_sequence };
    assert_eq!(faber.hear(again).await, wanted);
}

#[tokio::test]
async fn what_still_cannot_be_read_is_a_dead_letter_again_caused_by_the_retry() {
    let plane = TestPlane::start_running(&WITH).await;
    let mut faber = plane.publisher("faber").await;
    let mut operator = plane.publisher("operator").await;
    let quarantined = json!({
        "specversion": "1.0", "id": "q", "source": "/acme/files",
        "type": "helmstream.faber.quarantine.v1",
        "data": {"path": "state.json", "reason": "it ends in the middle"}
    });
    for (bytes, reason) in
        [("\u{fffd} no json".to_owned(), "not_json"), (quarantined.to_string(), "quarantined")]
    {
        let (of, dead_sequence) = bury(&mut faber, bytes.as_bytes()).await;
        let retried = retry(&plane, &mut operator, of, dead_sequence).await;
        let became = became(&plane, of).await;
        let Some(Outcome::DeadLetter { reason: found, dead_sequence: kept, .. }) = &became.outcome
        else {
            panic!("{became:?}")
        };
        assert_eq!(found, reason);
        assert_ne!(*kept, dead_sequence, "kept once more");
        let entries = plane.journal().await;
        let entry = entries.last().expect("an entry");
        assert_eq!(entry.attributes.get(ce::CAUSATIONID), retried.attributes.get(ce::ID));
        let again = shown(&plane, became.inbox_sequence).await;
        assert_eq!((again.standing, again.letter.publisher.as_str()), (Standing::Open, "faber"));
        assert_eq!(listed(&plane, false).await, [became.inbox_sequence], "the first is dealt with");
        // It has a life of its own.
        let of = again.letter.inbox_sequence;
        retry(&plane, &mut operator, of, again.letter.dead_sequence).await;
        let third = super::became(&plane, of).await;
        assert!(matches!(third.outcome, Some(Outcome::DeadLetter { .. })), "{third:?}");
        let discard = super::ask(
            "discard",
            &format!("d{of}"),
            json!({"inbox_sequence": third.inbox_sequence}),
        );
        let asked = operator.publish(&discard).await;
        assert!(matches!(operator.hear(asked).await, Outcome::Event { .. }));
        assert!(listed(&plane, false).await.is_empty());
    }
}

#[tokio::test]
async fn a_conflict_stays_one_and_the_first_stands() {
    let plane = TestPlane::start_running(&WITH).await;
    let mut faber = plane.publisher("faber").await;
    let mut operator = plane.publisher("operator").await;
    let first = faber.publish(&said("acme/c", 1, "workflow_start", json!({}))).await;
    assert!(matches!(faber.hear(first).await, Outcome::Event { .. }));
    let other = said("acme/c", 1, "workflow_start", json!({"message": "other"}));
    let (of, dead_sequence) = bury(&mut faber, other.to_string().as_bytes()).await;
    for _ in 0..2 {
        retry(&plane, &mut operator, of, dead_sequence).await;
        let became = became(&plane, of).await;
        let Some(Outcome::DeadLetter { reason, detail, .. }) = &became.outcome else {
            panic!("{became:?}")
        };
        assert_eq!(reason, "conflict");
        assert!(detail.contains(&format!("INBOX {first}")), "{detail}");
    }
    assert_eq!(shown(&plane, of).await.retries.len(), 2, "each retry has an outcome of its own");
    assert_eq!(listed(&plane, true).await.len(), 3);
    assert_eq!(names(&plane.events("evt.run.acme/c").await), ["started"]);
}

#[tokio::test]
async fn a_retry_of_what_is_gone_or_is_another_message_fails_and_says_why() {
    let plane = TestPlane::start_running(&WITH).await;
    let mut faber = plane.publisher("faber").await;
    let mut operator = plane.publisher("operator").await;
    let (of, own) = bury(&mut faber, b"one").await;
    let (other, others) = bury(&mut faber, b"two").await;
    let cases = [(999, "is gone".to_owned()), (others, format!("keeps INBOX {other}"))];
    for (dead_sequence, why) in cases {
        retry(&plane, &mut operator, of, dead_sequence).await;
        let failed = eventually("a retry that failed", async || {
            let shown = shown(&plane, of).await;
            (shown.standing == Standing::RetryFailed).then_some(shown)
        })
        .await;
        let last = failed.retries.last().expect("a retry").attempt.failed.as_deref();
        assert!(last.is_some_and(|detail| detail.contains(&why)), "{last:?}");
        assert_eq!(listed(&plane, false).await, [other, of], "it is still to be decided");
    }
    retry(&plane, &mut operator, of, own).await;
    assert!(matches!(became(&plane, of).await.outcome, Some(Outcome::DeadLetter { .. })));
    let events = plane.events(&format!("evt.dead_letter.{of}")).await;
    assert_eq!(names(&events), ["retried", "retry_failed", "retried", "retry_failed", "retried"]);
    assert_eq!(events[1].attributes.get(ce::ACTOR), Some("helmstream/dead_letter"));
}
