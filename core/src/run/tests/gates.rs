//! Gates: what is a bypass and what is none, whoever says that it was granted and in whatever order
//! it comes.

use super::*;

fn bypasses(events: &[RunEvent]) -> Vec<(u64, u64)> {
    let passed = events.iter().filter_map(|event| match event {
        RunEvent::GateBypassed(e) => Some((e.asked_number, e.passed_number)),
        _ => None,
    });
    passed.collect()
}

fn asked_at(number: u64, gate: Place) -> RunCommand {
    report(number, "approval_request", Said::ApprovalAsked(ApprovalAsked { gate }))
}

fn step(phase: Phase, step: &str) -> Place {
    Place { phase: Some(phase), phase_text: None, step: Some(step.into()) }
}

#[test]
fn a_guarded_run_that_goes_on_past_an_unanswered_gate_bypasses_it() {
    let (_, events) = run([started(1, Autonomy::Guarded), asked(20), begun(23)]);
    assert_eq!(bypasses(&events), [(20, 23)]);
}

#[test]
fn an_autonomous_run_may_go_on() {
    let (_, events) = run([started(1, Autonomy::Autonomous), asked(20), begun(23)]);
    assert_eq!(bypasses(&events), []);
}

#[test]
fn a_merge_without_a_step_is_going_on_and_any_other_artifact_is_not() {
    let artifact = |number, word| {
        report(number, word, Said::ArtifactRecorded(ArtifactRecorded { place: release() }))
    };
    let guarded = started(1, Autonomy::Guarded);
    let made = [guarded.clone(), asked(20), artifact(22, "pr_create")];
    assert_eq!(bypasses(&run(made).1), []);
    let merged = [guarded, asked(20), artifact(22, "pr_merge")];
    assert_eq!(bypasses(&run(merged).1), [(20, 22)]);
}

#[test]
fn what_went_on_before_the_gate_was_asked_is_no_bypass() {
    let (_, events) = run([started(1, Autonomy::Guarded), begun(19), asked(20)]);
    assert_eq!(bypasses(&events), []);
}

#[test]
fn autonomy_that_is_learned_late_still_shows_the_bypass() {
    let (_, events) = run([asked(20), begun(23), started(1, Autonomy::Guarded)]);
    assert_eq!(bypasses(&events), [(20, 23)]);
}

#[test]
fn two_gates_that_wait_are_both_bypassed() {
    let both = [
        started(1, Autonomy::Guarded),
        asked_at(2, step(Phase::Release, "merge")),
        asked_at(3, step(Phase::Build, "push")),
        begun(4),
    ];
    assert_eq!(bypasses(&run(both).1).len(), 2);
    let one_after_the_other = [
        started(1, Autonomy::Guarded),
        asked_at(2, step(Phase::Release, "merge")),
        begun(4),
        asked_at(3, step(Phase::Build, "push")),
    ];
    assert_eq!(bypasses(&run(one_after_the_other).1).len(), 2);
}

/// A guarded run that asked at claim 20 and went on at claim 23, minute by minute.
fn passed(between: impl IntoIterator<Item = RunCommand>) -> Vec<RunEvent> {
    let before = [started(1, Autonomy::Guarded), asked(20)];
    run(before.into_iter().chain(between).chain([begun(23)])).1
}

#[test]
fn only_a_grant_opens_a_gate() {
    assert_eq!(bypasses(&passed([settle(release(), Settled::Granted, 22)])), []);
    for closed in [Settled::Denied, Settled::Withdrawn, Settled::Expired] {
        assert_eq!(bypasses(&passed([settle(release(), closed, 22)])), [(20, 23)], "{closed:?}");
    }
}

#[test]
fn what_the_run_itself_says_of_a_grant_opens_nothing_and_is_told() {
    let claimed = passed([answered(22, Answer::Granted)]);
    let [RunEvent::GateBypassed(bypass)] = &claimed[claimed.len() - 1..] else {
        panic!("{claimed:?}")
    };
    assert_eq!((bypass.passed_number, bypass.claimed_number), (23, Some(22)));
    let denied = passed([answered(22, Answer::Denied)]);
    assert!(matches!(denied.last(), Some(RunEvent::GateBypassed(b)) if b.claimed_number.is_none()));
}

#[test]
fn a_claimed_grant_is_told_only_if_it_is_for_this_gate_and_after_the_ask() {
    let merge = step(Phase::Release, "merge");
    let claimed = |number, gate: Place, answered: Place| {
        let fact = ApprovalAnswered { gate: answered, answer: Answer::Granted };
        let told = run([
            started(1, Autonomy::Guarded),
            asked_at(20, gate),
            report(number, "approval_granted", Said::ApprovalAnswered(fact)),
            begun(23),
        ]);
        told.1.iter().find_map(|event| match event {
            RunEvent::GateBypassed(bypass) => Some(bypass.claimed_number),
            _ => None,
        })
    };
    let build = Place { phase: Some(Phase::Build), ..Place::default() };
    assert_eq!(claimed(22, merge.clone(), release()), Some(Some(22)), "of the whole phase");
    assert_eq!(claimed(22, release(), merge.clone()), Some(Some(22)), "of a step of it");
    assert_eq!(claimed(22, merge.clone(), step(Phase::Release, "deploy")), Some(None));
    assert_eq!(claimed(22, release(), build), Some(None));
    assert_eq!(claimed(19, release(), release()), Some(None));
}

#[test]
fn a_grant_is_for_its_own_gate() {
    let elsewhere = passed([settle(step(Phase::Release, "merge"), Settled::Granted, 22)]);
    assert_eq!(bypasses(&elsewhere), [(20, 23)]);
}

#[test]
fn a_grant_from_before_the_ask_is_for_nothing() {
    assert_eq!(bypasses(&passed([settle(release(), Settled::Granted, 19)])), [(20, 23)]);
}

#[test]
fn a_late_grant_does_not_undo_a_bypass_and_going_on_again_adds_none() {
    let late = [
        started(1, Autonomy::Guarded),
        asked(20),
        begun(23),
        begun(24),
        settle(release(), Settled::Granted, 25),
        begun(26),
    ];
    let (_, events) = run(late);
    assert_eq!(bypasses(&events), [(20, 23)]);
    let settled = events.iter().find_map(|event| match event {
        RunEvent::GateSettled(settled) => Some((settled.asked_number, &settled.in_time_for[..])),
        _ => None,
    });
    assert_eq!(settled, Some((Some(20), &[][..])));
}

/// The pipeline may hear of a grant before its own run does.
#[test]
fn a_grant_that_was_there_in_time_and_is_told_late_says_which_bypass_was_none() {
    let (state, events) = run([
        started(1, Autonomy::Guarded),
        asked(20),
        begun(23),
        settle(release(), Settled::Granted, 22),
    ]);
    assert_eq!(bypasses(&events), [(20, 23)]);
    assert!(
        matches!(events.last(), Some(RunEvent::GateSettled(told)) if told.in_time_for == [23]),
        "{events:?}"
    );
    let again = settle(release(), Settled::Granted, 22);
    assert_eq!(Run::decide(&state, again), Ok(vec![]), "told once");
}

#[test]
fn a_gate_asked_anew_after_its_grant_can_be_bypassed_anew() {
    let twice = [
        started(1, Autonomy::Guarded),
        asked(2),
        settle(release(), Settled::Granted, 3),
        begun(4),
        asked(5),
        begun(6),
    ];
    assert_eq!(bypasses(&run(twice).1), [(5, 6)]);
}

#[test]
fn what_asked_before_the_grant_and_is_told_late_is_covered_by_it() {
    let late = [
        started(1, Autonomy::Guarded),
        asked(21),
        settle(release(), Settled::Granted, 22),
        begun(23),
        asked(20),
    ];
    assert_eq!(bypasses(&run(late).1), []);
}

#[test]
fn a_second_ask_while_the_gate_waits_is_no_second_gate() {
    let asked_twice = [started(1, Autonomy::Guarded), asked(2), asked(3), begun(5)];
    assert_eq!(bypasses(&run(asked_twice.clone()).1), [(2, 5)]);
    let granted = settle(release(), Settled::Granted, 4);
    let [start, first, second, begin] = asked_twice;
    assert_eq!(bypasses(&run([start, first, second, granted, begin]).1), []);
}

/// Once it is known which asking a grant covers, what asked anew after it stands by itself.
#[test]
fn a_grant_that_is_told_last_shows_the_bypass_of_what_was_asked_after_it() {
    let told_last = [
        started(1, Autonomy::Guarded),
        asked(2),
        begun(4),
        begun(7),
        asked(5),
        settle(release(), Settled::Granted, 3),
    ];
    assert_eq!(bypasses(&run(told_last).1), [(2, 4), (5, 7)]);
}
