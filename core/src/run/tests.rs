//! Given these events, when this command, then these events or that rejection; and that the order
//! in which claims arrive does not matter.

use helmstream_schemas::run::*;
use proptest::prelude::*;

use super::*;

mod gates;

const MINUTE: i64 = 60_000_000_000;

fn at(minute: i64) -> Timestamp {
    Timestamp::from_nanos(1_760_000_000_000_000_000 + minute * MINUTE)
}

fn release() -> Place {
    Place { phase: Some(Phase::Release), ..Place::default() }
}

fn claim(number: u64, word: &str) -> Claim {
    Claim {
        number,
        word: word.into(),
        content: Hash::of_parts(&[word, &number.to_string()]),
        claimed_at: Some(at(number as i64)),
        claimed_text: None,
        received_at: at(number as i64),
        ahead_ms: None,
        person: None,
        status: None,
        message: None,
        duration_ms: None,
        artifacts: vec![],
        rest: Default::default(),
        removed: vec![],
    }
}

fn report(number: u64, word: &str, said: Said) -> RunCommand {
    RunCommand::Report(Box::new(Report { claim: claim(number, word), said }))
}

fn started(number: u64, autonomy: Autonomy) -> RunCommand {
    let fact = Started {
        work_id: None,
        workflow_id: None,
        autonomy: Some(autonomy),
        autonomy_text: None,
        title: None,
    };
    report(number, "workflow_start", Said::Started(fact))
}

fn asked(number: u64) -> RunCommand {
    report(number, "approval_request", Said::ApprovalAsked(ApprovalAsked { gate: release() }))
}

fn answered(number: u64, answer: Answer) -> RunCommand {
    let fact = ApprovalAnswered { gate: release(), answer };
    report(number, "approval_granted", Said::ApprovalAnswered(fact))
}

fn begun(number: u64) -> RunCommand {
    report(number, "phase_start", Said::PhaseBegun(PhaseBegun { place: release() }))
}

fn ended(number: u64) -> RunCommand {
    let fact = Ended { ending: Ending::Completed, error: None };
    report(number, "workflow_complete", Said::Ended(fact))
}

/// The gate's approval was closed at this minute.
fn settle(gate: Place, outcome: Settled, minute: i64) -> RunCommand {
    RunCommand::Settle(Settle {
        gate,
        approval: Id::new("acme/shop-42@release").unwrap(),
        outcome,
        by: None,
        at: at(minute),
        reason: None,
    })
}

/// Runs commands one after the other; the state after, and all that happened.
fn run(commands: impl IntoIterator<Item = RunCommand>) -> (RunState, Vec<RunEvent>) {
    let mut all = Vec::new();
    let mut state = RunState::default();
    for command in commands {
        let events = Run::decide(&state, command).expect("not refused");
        state = events.iter().fold(state, Run::evolve);
        all.extend(events);
    }
    (state, all)
}

#[test]
fn the_same_claim_again_changes_nothing_and_another_under_its_number_is_disputed_once() {
    let (state, _) = run([begun(4)]);
    assert_eq!(Run::decide(&state, begun(4)), Ok(vec![]));
    let (state, events) = run([begun(4), ended(4)]);
    assert!(
        matches!(&events[1], RunEvent::ClaimDisputed(e) if e.claim.word == "workflow_complete")
    );
    assert_eq!(Run::decide(&state, ended(4)), Ok(vec![]));
    assert!(!state.is_over(), "the first claim stands");
}

#[test]
fn a_run_takes_no_more_claims_than_its_bound() {
    let mut state = RunState::default();
    for number in 0..RUN_CLAIMS_MAX as u64 {
        state.claims.insert(number, Hash::default());
    }
    let number = RUN_CLAIMS_MAX as u64;
    assert_eq!(Run::decide(&state, begun(number)), Err(RunRejection::Full));
    state.claims.remove(&0);
    assert!(Run::decide(&state, begun(number)).is_ok());
    state.disputed.insert((1, Hash::of(b"x")));
    assert_eq!(Run::decide(&state, begun(number)), Err(RunRejection::Full));
}

#[test]
fn what_a_run_arms_and_refuses_has_a_name() {
    let (state, _) = run([begun(1)]);
    for deadline in Run::deadlines(&state) {
        assert!(Run::deadline_purposes().contains(&deadline.purpose));
    }
    assert_eq!(Run::deadline_purposes().len(), 1);
    assert_eq!(RunRejection::Full.reason(), "run_full");
    let elsewhere = RunRejection::MergedElsewhere(Id::new("a").unwrap());
    assert_eq!(elsewhere.reason(), "merged_elsewhere");
}

fn stall(minute: i64) -> RunCommand {
    RunCommand::Stall(Stall { fired_at: at(minute) })
}

#[test]
fn silence_becomes_a_stall_exactly_when_it_is_due() {
    let (state, _) = run([begun(1)]);
    let due = at(1).plus(STALL_AFTER);
    assert_eq!(Run::deadlines(&state), [Deadline { purpose: STALLED, at: due }]);
    let early =
        RunCommand::Stall(Stall { fired_at: due.minus(std::time::Duration::from_nanos(1)) });
    assert_eq!(Run::decide(&state, early), Ok(vec![]));
    let stalled = RunEvent::Stalled(Stalled { heard_at: at(1), due_at: due });
    assert_eq!(Run::decide(&state, stall(31)), Ok(vec![stalled]));
}

#[test]
fn a_deadline_that_fires_after_the_run_spoke_again_or_ended_is_nothing() {
    let (spoke, _) = run([begun(1), begun(20)]);
    assert_eq!(Run::decide(&spoke, stall(31)), Ok(vec![]));
    let (over, _) = run([begun(1), ended(2)]);
    assert_eq!(Run::decide(&over, stall(31)), Ok(vec![]));
    assert_eq!(Run::deadlines(&over), []);
    let (never, _) = run([]);
    assert_eq!(Run::decide(&never, stall(31)), Ok(vec![]));
}

#[test]
fn a_run_stalls_once_for_each_silence() {
    let (state, _) = run([begun(1), stall(31)]);
    assert_eq!(Run::deadlines(&state), []);
    assert_eq!(Run::decide(&state, stall(32)), Ok(vec![]));
    let (state, events) = run([begun(1), stall(31), begun(40), stall(70)]);
    assert_eq!(events.iter().filter(|e| matches!(e, RunEvent::Stalled(_))).count(), 2);
    assert_eq!(Run::deadlines(&state), []);
}

#[test]
fn a_run_that_is_resumed_after_its_end_can_stall_again() {
    let resumed = report(3, "workflow_resumed", Said::Resumed(Resumed { rerun: false }));
    let (state, _) = run([begun(1), ended(2), resumed]);
    assert_eq!(
        Run::deadlines(&state),
        [Deadline { purpose: STALLED, at: at(3).plus(STALL_AFTER) }]
    );
}

#[test]
fn an_old_import_does_not_stall_and_an_hour_is_still_young() {
    let mut old = claim(1, "phase_start");
    old.received_at = at(1).plus(CLAIM_YOUNG_MAX);
    assert_eq!(stalls_at(&old), Some(old.received_at.plus(STALL_AFTER)));
    old.received_at = old.received_at.plus(std::time::Duration::from_nanos(1));
    assert_eq!(stalls_at(&old), None);
    old.claimed_at = None;
    assert_eq!(stalls_at(&old), None, "a time that cannot be read is not young");
    let mut ahead = claim(1, "phase_start");
    ahead.received_at = at(-9_000_000);
    assert!(stalls_at(&ahead).is_some(), "a clock that runs ahead is not old");
}

#[test]
fn a_merged_run_stays_merged() {
    let merge = |into: &str| RunCommand::Merge(Merge { into: Id::new(into).unwrap() });
    let (state, events) = run([begun(1), merge("a")]);
    assert!(matches!(&events[1], RunEvent::Merged(e) if e.into.as_str() == "a"));
    assert_eq!(Run::decide(&state, merge("a")), Ok(vec![]));
    let elsewhere = RunRejection::MergedElsewhere(Id::new("a").unwrap());
    assert_eq!(Run::decide(&state, merge("b")), Err(elsewhere));
    assert_eq!(Run::deadlines(&state), []);
    assert!(!Run::decide(&state, begun(2)).unwrap().is_empty(), "what it still says is kept");
}

/// A claim with this number, and nothing else about it left to chance.
fn any_command(number: u64, choice: u8) -> RunCommand {
    match choice % 8 {
        0 => asked(number),
        6 => settle(release(), Settled::Granted, number as i64),
        7 => settle(release(), Settled::Expired, number as i64),
        1 => answered(number, Answer::Granted),
        2 => answered(number, Answer::Denied),
        3 => begun(number),
        4 => ended(number),
        _ => started(number, Autonomy::Guarded),
    }
}

/// What is left when what order of arrival may change is taken away: which bypasses were seen for
/// a moment only because a grant was still on its way.
fn settled(state: &RunState) -> (RunState, Vec<(u64, u64)>) {
    let mut rest = state.clone();
    rest.gates = Gates::default();
    let mut fresh = state.gates.clone();
    fresh.recorded.clear();
    let real = fresh.unrecorded_bypasses();
    (rest, real.iter().map(|e| (e.asked_number, e.passed_number)).collect())
}

proptest! {
    /// Take the numbers out of `gates` (or of `RunState::live`) to see this red.
    #[test]
    fn the_order_of_arrival_does_not_matter(
        (ordered, shuffled) in prop::collection::vec(any::<u8>(), 1..14).prop_flat_map(|choices| {
            let commands: Vec<_> =
                choices.iter().enumerate().map(|(i, c)| any_command(i as u64 + 1, *c)).collect();
            (Just(commands.clone()), Just(commands).prop_shuffle())
        })
    ) {
        let (in_order, _) = run(ordered);
        let (out_of_order, events) = run(shuffled);
        prop_assert_eq!(settled(&in_order), settled(&out_of_order));
        if in_order.autonomy.is_some() {
            prop_assert_eq!(out_of_order.gates.unrecorded_bypasses(), vec![], "{:?}", events);
        }
    }

    #[test]
    fn deciding_twice_is_deciding_once(choices in prop::collection::vec(any::<u8>(), 1..14)) {
        let commands: Vec<_> =
            choices.iter().enumerate().map(|(i, c)| any_command(i as u64 + 1, *c)).collect();
        let (once, _) = run(commands.clone());
        let (twice, _) = run(commands.iter().flat_map(|c| [c.clone(), c.clone()]));
        prop_assert_eq!(once, twice);
    }

    /// A decision looks at autonomy and gates alone; the whole state must show the same.
    #[test]
    fn every_bypass_that_an_event_shows_comes_with_it(
        choices in prop::collection::vec((1_u64..20, any::<u8>()), 1..20),
    ) {
        let mut state = RunState::default();
        for (number, choice) in choices {
            let Ok(events) = Run::decide(&state, any_command(number, choice)) else { continue };
            let Some(first) = events.first() else { continue };
            let shown = Run::evolve(state.clone(), first).bypasses();
            prop_assert_eq!(&events[1..], &shown[..]);
            state = events.iter().fold(state, Run::evolve);
        }
    }
}
