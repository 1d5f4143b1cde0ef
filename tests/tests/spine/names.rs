//! Runs that go by several names, and gates that are passed without an answer.

use helmstream_projections::questions::run::{RunFilter, run_list};
use helmstream_schemas::{outcome::Outcome, run::Answer};
use helmstream_tests::{
    faber::said,
    harness::TestPlane,
    running::{ALL, names},
};
use serde_json::json;

/// Both names have a life of their own before a report says that they are one.
#[tokio::test]
async fn two_names_of_one_run_that_arrive_before_they_are_known_to_be_one_are_one_afterwards() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let mut sequences = Vec::new();
    for (name, number, word) in
        [("plan-9", 1, "workflow_start"), ("run-9", 2, "checkpoint"), ("run-9", 3, "checkpoint")]
    {
        sequences.push(faber.publish(&said(name, number, word, json!({}))).await);
    }
    for sequence in std::mem::take(&mut sequences) {
        faber.hear(sequence).await;
    }
    let known = json!({"metadata": {"plan_run_id": "plan-9"}});
    let both = faber.publish(&said("run-9", 4, "checkpoint", known)).await;
    let told = faber.hear(both).await;
    assert!(
        matches!(&told, Outcome::Event { aggregate, .. } if aggregate == "plan-9"),
        "the older stays: {told:?}"
    );
    for name in ["run-9", "plan-9"] {
        let number = if name == "run-9" { 5 } else { 6 };
        let later = faber.publish(&said(name, number, "checkpoint", json!({}))).await;
        let told = faber.hear(later).await;
        assert!(
            matches!(&told, Outcome::Event { aggregate, .. } if aggregate == "plan-9"),
            "{told:?}"
        );
    }
    plane.level().await;
    assert_eq!(names(&plane.events("evt.run.run-9").await), ["noted", "noted", "merged"]);
    assert_eq!(names(&plane.events("evt.alias.run-9").await), ["claimed"]);
    for name in ["run-9", "plan-9"] {
        let shown = plane.run(name).await.expect("the run is in the view");
        assert_eq!(shown.run.id.as_str(), "plan-9");
        let claims: Vec<_> =
            shown.run.timeline.iter().filter_map(|e| e.claim.as_ref()).map(|c| c.number).collect();
        assert_eq!(claims, [1, 2, 3, 4, 5, 6], "{name}");
    }
    let listed = run_list(&plane.database, &RunFilter { limit: 10, ..RunFilter::default() }).await;
    let listed: Vec<_> =
        listed.expect("the views answer").answer.runs.into_iter().map(|run| run.id).collect();
    assert_eq!(listed.len(), 1, "{listed:?}");
}

#[tokio::test]
async fn a_name_that_is_given_before_it_has_a_life_leads_to_the_run_from_the_first_report_on() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let known = json!({"metadata": {"aliases": ["second", "third"]}});
    let first = faber.publish(&said("first", 1, "workflow_start", known)).await;
    faber.hear(first).await;
    for (name, number) in [("third", 2), ("second", 3)] {
        let sequence = faber.publish(&said(name, number, "checkpoint", json!({}))).await;
        let told = faber.hear(sequence).await;
        assert!(
            matches!(&told, Outcome::Event { aggregate, .. } if aggregate == "first"),
            "{told:?}"
        );
    }
    let shown = plane.run("second").await.expect("the run is in the view");
    assert_eq!((shown.run.id.as_str(), shown.aliases.len()), ("first", 2));
}

/// Names that differ only in how FABER's state, events and plan write them.
#[tokio::test]
async fn two_ways_of_writing_one_name_are_one_run_at_once() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let names = ["acme-shop-77/2026-03-01T10-00-00Z", "acme-shop-77-run-2026-03-01T10-00-00Z"];
    for (n, name) in names.into_iter().enumerate() {
        let sequence = faber.publish(&said(name, n as u64 + 1, "checkpoint", json!({}))).await;
        let told = faber.hear(sequence).await;
        assert!(
            matches!(&told, Outcome::Event { aggregate, .. } if aggregate == names[0]),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn a_guarded_run_that_goes_on_past_an_unanswered_gate_has_bypassed_it() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let gate = json!({"phase": "release", "step": "merge"});
    let events = [
        said("acme/g", 1, "workflow_start", json!({"metadata": {"autonomy": "guarded"}})),
        said("acme/g", 2, "approval_request", gate.clone()),
        said("acme/g", 3, "step_start", gate.clone()),
        said("acme/g", 4, "step_complete", gate.clone()),
        said("acme/g", 5, "approval_granted", gate),
    ];
    let mut last = Vec::new();
    for event in &events {
        last.push(faber.publish(event).await);
    }
    let mut told = Vec::new();
    for sequence in last {
        told.push(faber.hear(sequence).await);
    }
    assert!(matches!(&told[2], Outcome::Event { name, .. } if name == "gate_bypassed"), "{told:?}");
    assert_eq!(
        names(&plane.events("evt.run.acme/g").await),
        [
            "started",
            "approval_asked",
            "step_begun",
            "gate_bypassed",
            "step_ended",
            "approval_answered"
        ]
    );
    let shown = plane.run("acme/g").await.expect("the run is in the view").run;
    let gate = &shown.gates[0];
    assert_eq!((gate.asked.len(), gate.answers[0].answer), (1, Answer::Granted));
    assert_eq!(gate.bypasses[0].passed_number, 3);
    assert_eq!(gate.bypasses[0].claimed_number, None, "it claims so only afterwards");
    assert_eq!(gate.bypasses[0].cleared, None, "and what a run claims clears nothing");
}
