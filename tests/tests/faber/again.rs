//! Files that are read again: touched, moved, with lines before them, from a commit. Nothing is added
//! to what is known, and nothing is ever taken for a conflict.

use helmstream_core::faber::{File, Piece, read};
use helmstream_schemas::{Timestamp, outcome::Outcome, run::Commit};
use helmstream_tests::{harness::TestPlane, publisher::Publisher, running::ALL};
use serde_json::{Value, json};

const STATE: &str = ".fractary/runs/shop-7-run-2026-03-01T09-00-00Z/state.json";

fn minute(minute: u32) -> Timestamp {
    Timestamp::parse(&format!("2026-03-01T09:{minute:02}:00Z")).expect("a time")
}

fn pieces(path: &str, content: &str, written: u32, commit: Option<&str>) -> Vec<Piece> {
    let commit = commit.map(|id| Commit { id: id.to_owned(), committed_at: minute(written) });
    let written_at = Some(minute(written));
    read("shop", &File { path, bytes: content.as_bytes(), written_at, commit }).pieces
}

/// In one word what became of the first thing that a file says.
async fn told(faber: &mut Publisher, pieces: Vec<Piece>) -> &'static str {
    let sequence = faber.publish(&pieces[0].event).await;
    match faber.hear(sequence).await {
        Outcome::Event { .. } => "event",
        Outcome::ExternalFact { .. } => "external fact",
        Outcome::Unchanged { .. } => "unchanged",
        Outcome::DuplicateOf { .. } => "duplicate of",
        Outcome::DeadLetter { reason, .. } if reason == "quarantined" => "quarantined",
        other => panic!("{other:?}"),
    }
}

fn state(status: &str, steps: Value) -> String {
    json!({"status": status, "updated_at": "2026-03-01T09:01:00Z", "phases": [], "steps": steps})
        .to_string()
}

#[tokio::test]
async fn a_state_that_was_only_touched_moved_or_committed_says_nothing_new() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let first = state("in_progress", json!([]));
    let moved = ".fractary/faber/runs/shop-7/state-2026-03-01T09-00-00Z.json";
    let grown =
        state("completed", json!([{"step_id": "a", "phase": "build", "status": "success"}]));
    let cases = [
        ("event", pieces(STATE, &first, 2, None)),
        ("duplicate of", pieces(STATE, &first, 2, None)),
        ("unchanged", pieces(STATE, &first, 3, None)),
        ("unchanged", pieces(moved, &first, 2, None)),
        ("unchanged", pieces(STATE, &first, 4, Some("c1"))),
        ("duplicate of", pieces(STATE, &first, 4, Some("c1"))),
        ("event", pieces(STATE, &grown, 5, None)),
        ("unchanged", pieces(STATE, &first, 4, Some("c2"))),
        ("event", pieces(STATE, &first, 6, None)),
    ];
    for (n, (expected, pieces)) in cases.into_iter().enumerate() {
        assert_eq!(told(&mut faber, pieces).await, expected, "case {n}");
    }
    let run = plane.run("shop-7/2026-03-01T09-00-00Z").await.expect("the run is in the view").run;
    assert_eq!(run.summary.status.word(), "running", "the file says again what it said first");
    assert_eq!(run.steps[0].file.as_ref().map(|file| file.gone), Some(true));
    assert_eq!(run.contradictions.len(), 4, "{:?}", run.contradictions);
}

#[tokio::test]
async fn what_has_no_meaning_here_is_kept_once_however_often_its_file_is_touched() {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let plan = json!({"id": "p", "workflow": {}, "items": []}).to_string();
    assert_eq!(told(&mut faber, pieces("plans/p.json", &plan, 1, None)).await, "external fact");
    assert_eq!(told(&mut faber, pieces("plans/p.json", &plan, 2, None)).await, "duplicate of");
    assert_eq!(told(&mut faber, pieces("plans/q.json", "{", 1, None)).await, "quarantined");
    assert_eq!(told(&mut faber, pieces("plans/q.json", "{", 2, None)).await, "duplicate of");
    assert_eq!(plane.events("evt.external.>").await.len(), 1);
}

#[tokio::test]
async fn an_entry_of_a_registry_and_a_line_of_a_log_stay_what_they_are_when_others_come_before_them()
 {
    let plane = TestPlane::start_running(&ALL).await;
    let mut faber = plane.publisher("faber").await;
    let entry = json!({"domain": "data", "environment": "prod", "unit": "lake"});
    let alone = json!({"deployments": [entry]}).to_string();
    let second = json!({"deployments": [{"id": "d", "domain": "data", "environment": "prod", "unit": "sea"}, entry]});
    assert_eq!(told(&mut faber, pieces("registry.json", &alone, 1, None)).await, "event");
    let mut later = pieces("registry.json", &second.to_string(), 2, None);
    assert_eq!(told(&mut faber, later.split_off(1)).await, "unchanged");
    assert_eq!(told(&mut faber, later).await, "event");
    let line = json!({"event_id": "e", "event_type": "CODE_MERGED", "run_id": "acme/shop/1"});
    let longer = format!("{line}\n{line}\n");
    assert_eq!(
        told(&mut faber, pieces("changelog.ndjson", &line.to_string(), 1, None)).await,
        "event"
    );
    let mut lines = pieces("changelog.ndjson", &longer, 2, None);
    assert_eq!(told(&mut faber, lines.split_off(1)).await, "unchanged");
    assert_eq!(told(&mut faber, lines).await, "duplicate of");
}
