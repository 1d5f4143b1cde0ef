//! Every outcome a publish can have, each seen on the log, in the views, and by the publisher
//! itself.

use helmstream_schemas::outcome::Outcome;
use helmstream_tests::{
    admin::api,
    faber::{again_as, external, said, whole},
    harness::TestPlane,
    patience::eventually,
    running::{ALL, names},
};
use serde_json::json;

#[tokio::test]
async fn a_run_that_was_reported_is_on_the_log_in_the_view_and_told_to_its_publisher() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut sequences = Vec::new();
    for event in whole("acme/shop/1") {
        sequences.push(faber.publish(&event).await);
    }
    for sequence in &sequences {
        let told = faber.hear(*sequence).await;
        assert!(matches!(told, Outcome::Event { .. }), "{told:?}");
        assert_eq!(plane.outcome(*sequence).await, told, "the publisher is told what the log says");
    }
    let events = plane.events("evt.run.acme/shop/1").await;
    assert_eq!(
        names(&events),
        [
            "started",
            "phase_begun",
            "step_begun",
            "step_ended",
            "phase_ended",
            "phase_begun",
            "artifact_recorded",
            "phase_ended",
            "ended"
        ]
    );
    let shown = plane.run("acme/shop/1").await.expect("the run is in the view");
    assert_eq!(shown.run.summary.status.word(), "completed");
    assert_eq!(shown.run.phases.len(), 2);
    assert_eq!(shown.run.timeline.len(), 9);
}

#[tokio::test]
async fn a_fact_without_a_meaning_here_is_kept_by_its_source() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let first = faber.publish(&external("/sensors/7", "a", json!({"n": 1}))).await;
    let second = faber.publish(&external("/sensors/7", "b", json!({"n": 2}))).await;
    for sequence in [first, second] {
        let told = faber.hear(sequence).await;
        assert!(
            matches!(&told, Outcome::ExternalFact { source, .. } if source == "/sensors/7"),
            "{told:?}"
        );
        assert_eq!(plane.outcome(sequence).await, told);
    }
    assert_eq!(names(&plane.events("evt.external./sensors/7").await), ["recorded", "recorded"]);
}

#[tokio::test]
async fn the_same_publish_is_told_to_be_one_and_the_same_claim_under_another_id_changes_nothing() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let event = said("acme/2", 1, "workflow_start", json!({}));
    let first = faber.publish(&event).await;
    let again = faber.publish(&event).await;
    let spaced = faber.publish_bytes(serde_json::to_vec_pretty(&event).expect("JSON")).await;
    let other_id = faber.publish(&again_as(&event, "another id")).await;
    assert!(matches!(faber.hear(first).await, Outcome::Event { .. }));
    for repeat in [again, spaced] {
        let wanted = Outcome::DuplicateOf { first_inbox_sequence: first };
        assert_eq!(faber.hear(repeat).await, wanted);
        assert_eq!(plane.outcome(repeat).await, wanted);
    }
    let told = faber.hear(other_id).await;
    assert!(
        matches!(&told, Outcome::Unchanged { aggregate, .. } if aggregate == "acme/2"),
        "{told:?}"
    );
    assert_eq!(plane.outcome(other_id).await, told);
    assert_eq!(plane.events("evt.run.acme/2").await.len(), 1);
}

/// Repeats are told apart by the ledger once the door has forgotten them: here, because it is
/// another door.
#[tokio::test]
async fn a_repeat_is_known_to_a_door_that_did_not_see_the_first() {
    let mut plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let event = said("acme/3", 1, "workflow_start", json!({}));
    let first = faber.publish(&event).await;
    assert!(matches!(faber.hear(first).await, Outcome::Event { .. }));
    plane.stop("door").await.expect("the door ends in order");
    let again = faber.publish(&event).await;
    let mut changed = event.clone();
    changed["data"]["message"] = "something else".into();
    let conflict = faber.publish(&changed).await;
    plane.serve(&["door"]);
    assert_eq!(faber.hear(again).await, Outcome::DuplicateOf { first_inbox_sequence: first });
    let told = faber.hear(conflict).await;
    assert!(
        matches!(&told, Outcome::DeadLetter { reason, .. } if reason == "conflict"),
        "{told:?}"
    );
    assert_eq!(plane.events("evt.run.acme/3").await.len(), 1);
}

#[tokio::test]
async fn what_should_not_have_been_asked_is_refused_for_ever_and_says_why() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    // Nothing that FABER may say is refused but by a full run, so a person of the plane asks: the
    // same run is merged into two others.
    let door = plane.plane.connect("door").await;
    let run = helmstream_schemas::Id::new("acme/4").expect("a name");
    let sequence = faber.publish(&said("acme/4", 1, "workflow_start", json!({}))).await;
    faber.hear(sequence).await;
    let mut outcomes = Vec::new();
    for (n, into) in ["acme/older", "acme/oldest"].into_iter().enumerate() {
        let payload = json!({ "into": into }).to_string().into_bytes();
        let command = helmstream_core::NewCommand::new(
            (helmstream_schemas::Context::Run, "merge", run.clone()),
            uuid::Uuid::from_u128(n as u128 + 1),
            "/test",
            ("test", helmstream_schemas::ActorKind::Service),
            payload,
        );
        let headers = helmstream_stream::headers::to_headers(&command.attributes);
        let subject = command.subject().to_string();
        helmstream_stream::publish::store(&door, &subject, headers, command.payload.into())
            .await
            .expect("the door may ask for a merge");
        let outcome = eventually("the outcome of a merge", async || {
            let id = uuid::Uuid::from_u128(n as u128 + 1);
            let found =
                helmstream_projections::questions::outcome::outcome_of_command(&plane.database, id);
            found.await.expect("the views answer")
        });
        outcomes.push(outcome.await);
    }
    assert!(
        matches!(&outcomes[0], Outcome::Event { name, .. } if name == "merged"),
        "{outcomes:?}"
    );
    let Outcome::Refused { reason, detail, .. } = &outcomes[1] else { panic!("{outcomes:?}") };
    assert_eq!(reason, "merged_elsewhere");
    assert!(detail.contains("acme/older"), "{detail}");
    assert_eq!(
        names(&plane.events("evt.run.acme/4").await),
        ["started", "merged", "command_refused"],
        "a refusal is a record of the aggregate"
    );
}

/// More than one look names at once. Undo the round that goes on searching from the last that was
/// found, in the door's search for lost messages, to see this red: only the first thousand are told.
#[tokio::test]
async fn what_an_admin_purges_from_the_inbox_is_told_to_be_lost_and_nothing_else_is() {
    const LOST: u64 = 1_500;
    let mut plane = TestPlane::start_empty().await;
    let admin = plane.admin().await;
    let mut plane = plane.into_running(&["run", "external", "deadline", "ledger"]).await;
    let faber = plane.publisher("faber").await;
    let events: Vec<_> = (1..=LOST).map(|n| said("acme/5", n, "checkpoint", json!({}))).collect();
    let lost =
        futures_util::future::join_all(events.iter().map(|event| faber.publish(event))).await;
    api(&admin, "$JS.API.STREAM.PURGE.INBOX", json!({})).await;
    let kept = faber.publish(&said("acme/5", LOST + 1, "checkpoint", json!({}))).await;
    plane.serve(&["door"]);
    for sequence in [lost[0], lost[LOST as usize / 2], lost[LOST as usize - 1]] {
        assert_eq!(plane.outcome(sequence).await, Outcome::Lost);
    }
    assert!(matches!(plane.outcome(kept).await, Outcome::Event { .. }));
    let entries = plane.journal().await;
    assert!(entries.iter().all(|entry| entry.attributes.kind().is_err()), "{entries:?}");
    plane.stop("door").await.expect("the door ends in order");
}

#[tokio::test]
async fn a_run_reads_the_same_in_whatever_order_its_claims_arrive() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut last = Vec::new();
    for (run, order) in
        [("acme/6a", [0, 1, 2, 3, 4, 5, 6, 7, 8]), ("acme/6b", [8, 3, 0, 7, 5, 1, 4, 2, 6])]
    {
        let events = whole(run);
        for at in order {
            last.push(faber.publish(&events[at]).await);
        }
    }
    for sequence in last {
        assert!(matches!(faber.hear(sequence).await, Outcome::Event { .. }));
    }
    let a = plane.run("acme/6a").await.expect("the run is in the view").run;
    let b = plane.run("acme/6b").await.expect("the run is in the view").run;
    assert_eq!((a.phases, a.steps, a.gates), (b.phases, b.steps, b.gates));
    assert_eq!(a.summary.status, b.summary.status);
    let numbers = |timeline: &[helmstream_projections::run::Entry]| {
        timeline
            .iter()
            .map(|entry| entry.claim.as_ref().map(|claim| claim.number))
            .collect::<Vec<_>>()
    };
    assert_eq!(numbers(&a.timeline), numbers(&b.timeline));
}
