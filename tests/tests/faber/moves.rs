//! Moves of a run's status: FABER's own guard was run over all of its words, and what it lets pass is
//! no contradiction here.

use helmstream_core::{
    Decider,
    door::{Admission, Arrival, Cleaner, Headers, admit},
    run::{Run, RunState},
};
use helmstream_schemas::{
    ActorKind, Timestamp,
    run::{Contradiction, RunCommand, RunEvent},
    words,
};
use serde_json::json;

use super::data;

/// Words that the guard refuses both ways though FABER needs the one and writes the other: nothing
/// is said of them.
const UNSAID: [&str; 2] = ["awaiting_feedback", "stopped"];

/// Whether a state that says one thing can follow one that says another.
fn may_follow(from: &str, to: &str) -> bool {
    let mut run = RunState::default();
    let mut last = Vec::new();
    for (minute, status) in [(1, from), (2, to)] {
        let updated_at = format!("2026-03-01T09:0{minute}:00Z");
        let state =
            json!({"run_id": "r", "status": status, "phases": [], "updated_at": updated_at});
        last = Run::decide(&run, observe(&state.to_string())).expect("not refused");
        run = last.iter().fold(run, Run::evolve);
    }
    let [RunEvent::Observed(seen)] = &last[..] else { panic!("{last:?}") };
    let is_move = |found: &Contradiction| matches!(found, Contradiction::Move { .. });
    !seen.contradictions.iter().any(is_move)
}

fn observe(state: &str) -> RunCommand {
    let published =
        data::reading("state.json", state.as_bytes()).pieces.remove(0).event.to_string();
    let arrival = Arrival {
        publisher: "faber",
        actor: "service:faber",
        actor_kind: ActorKind::Service,
        inbox_sequence: 1,
        cause: None,
        received_at: Timestamp::parse("2026-03-01T10:00:00Z").expect("a time"),
        headers: &Headers::default(),
        payload: published.as_bytes(),
    };
    match admit(&arrival, &Cleaner::new(b"key")) {
        Admission::Command(admitted) => {
            words::decode(&admitted.command.name, &admitted.command.payload).expect("a command")
        }
        Admission::Dead(dead) => panic!("{dead:?}"),
    }
}

#[test]
fn the_moves_that_are_no_contradiction_are_those_that_fabers_guard_lets_pass() {
    let Some(folder) = data::folder() else { return };
    let bytes = std::fs::read(folder.join("golden/state-transitions.json")).expect("the moves");
    let table = data::json(&bytes);
    let allowed = table["allowed"].as_object().expect("the moves of each status");
    let mut compared = 0;
    for (from, lets_pass) in allowed {
        for to in allowed.keys().filter(|to| *to != from) {
            let lets_pass = lets_pass.as_array().expect("a list").iter().any(|word| word == to);
            let is_unsaid = [from, to].iter().any(|word| UNSAID.contains(&word.as_str()));
            assert_eq!(may_follow(from, to), lets_pass || is_unsaid, "{from} to {to}");
            compared += 1;
        }
    }
    assert!(compared >= 30, "{compared}");
}
