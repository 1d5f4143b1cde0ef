//! What a repository still knows.

use std::process::Command;

use helmstream_services::{
    client::Code,
    faber::{Project, history::versions, told::Word},
};
use helmstream_tests::harness::TestPlane;
use serde_json::{Value, json};

use super::{Scratch, WITH, client, heads, synced};

const STATE: &str = ".fractary/runs/acme-shop-3-run-a1/state.json";

/// Whether there is a git to make a history with; said plainly if there is none.
fn has_git() -> bool {
    let there = Command::new("git").arg("--version").output().is_ok();
    if !there {
        eprintln!("skipped: there is no git on the PATH, so there is no history to read");
    }
    there
}

fn git(scratch: &Scratch, words: &[&str]) {
    let who = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"];
    let done = Command::new("git").arg("-C").arg(&scratch.0).args(who).args(words).output();
    let done = done.expect("git is there");
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn state(steps: &[&str]) -> Value {
    let steps: Vec<Value> = steps
        .iter()
        .map(|step| json!({"step_id": step, "phase": "build", "status": "success"}))
        .collect();
    json!({
        "run_id": "acme-shop-3-run-a1", "plan_id": "acme-shop-3", "work_id": "3",
        "status": "in_progress", "phases": [{"name": "build", "status": "in_progress"}],
        "steps": steps, "started_at": "2026-04-01T10:00:00.000Z",
        "updated_at": "2026-04-01T10:00:00.000Z"
    })
}

#[tokio::test]
async fn every_committed_version_is_told_oldest_first_and_then_what_lies_there() {
    if !has_git() {
        return;
    }
    let plane = TestPlane::start_running(&WITH).await;
    let scratch = Scratch::make();
    git(&scratch, &["init", "-q"]);
    let all = ["plan", "code", "test", "merge"];
    for done in 1..=3 {
        scratch.put(STATE, &state(&all[..done]).to_string());
        git(&scratch, &["add", "-A"]);
        git(&scratch, &["commit", "-q", "-m", "step"]);
    }
    // One that was broken for a while, and one that is gone by now.
    scratch.put(STATE, "{\"run_id\": ");
    scratch.put(".fractary/runs/gone/state.json", &state(&["other"]).to_string());
    git(&scratch, &["add", "-A"]);
    git(&scratch, &["commit", "-q", "-m", "broken"]);
    git(&scratch, &["rm", "-rq", ".fractary/runs/gone"]);
    git(&scratch, &["commit", "-q", "-m", "gone"]);
    scratch.put(STATE, &state(&all).to_string());
    let client = client(&plane);
    let told = synced(&client, &scratch.0, true).await;
    let of: Vec<(&str, bool, Word)> =
        told.iter().map(|told| (&*told.path, told.commit.is_some(), told.outcome)).collect();
    let gone = ".fractary/runs/gone/state.json";
    assert_eq!(of.len(), 6, "{of:?}");
    assert_eq!(of[..3], [(STATE, true, Word::Taken); 3]);
    assert_eq!(of[3], (STATE, true, Word::Quarantined));
    assert_eq!((of[4].0, of[4].1), (gone, true));
    assert_eq!((of[5].0, of[5].1), (STATE, false));
    let before = heads(&plane).await;
    for told in synced(&client, &scratch.0, true).await {
        assert!(matches!(told.outcome, Word::HadAlready | Word::Quarantined), "{told:?}");
    }
    assert_eq!(heads(&plane).await, before);
}

#[test]
fn a_folder_without_a_repository_says_so() {
    if !has_git() {
        return;
    }
    let scratch = Scratch::make();
    let project = Project::open(&scratch.0, None).expect("a folder");
    let failure = versions(&project, &[]).expect_err("there is no repository");
    assert_eq!(failure.code, Code::Input);
    assert!(failure.detail.contains("not a git repository"), "{failure:?}");
    assert!(failure.hint.contains("without --history"), "{failure:?}");
}
