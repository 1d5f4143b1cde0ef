//! What a run is, told from its entries; and that it is the same in whatever order they arrived.

use helmstream_schemas::run::*;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::run::{
    RunStatus,
    samples::{self, claim, minute, reported},
};

fn entry(sequence: u64, event: RunEvent) -> Entry {
    let record = samples::record(sequence, "a", &event);
    Entry::of(&record, Uuid::from_u128(u128::from(sequence)), event)
}

/// Entries in the order in which they arrived.
fn arrived(events: impl IntoIterator<Item = RunEvent>) -> Vec<Entry> {
    events.into_iter().zip(1..).map(|(event, sequence)| entry(sequence, event)).collect()
}

fn view(events: impl IntoIterator<Item = RunEvent>) -> RunView {
    RunView::of(Id::new("a").unwrap(), arrived(events))
}

fn build() -> Place {
    Place { phase: Some(Phase::Build), ..Place::default() }
}

fn release() -> Place {
    Place { phase: Some(Phase::Release), ..Place::default() }
}

fn started(number: u64) -> RunEvent {
    RunEvent::Started(reported(number, "workflow_start", samples::started()))
}

fn begun(number: u64, place: Place) -> RunEvent {
    RunEvent::PhaseBegun(reported(number, "phase_start", PhaseBegun { place }))
}

fn phase_ended(number: u64, place: Place, ending: Ending) -> RunEvent {
    RunEvent::PhaseEnded(reported(
        number,
        "phase_complete",
        PhaseEnded { place, ending, error: None },
    ))
}

fn asked(number: u64) -> RunEvent {
    RunEvent::ApprovalAsked(reported(number, "approval_request", ApprovalAsked { gate: release() }))
}

fn answered(number: u64, answer: Answer) -> RunEvent {
    let gate = Place { step: Some("merge".into()), ..release() };
    RunEvent::ApprovalAnswered(reported(
        number,
        "approval_granted",
        ApprovalAnswered { gate, answer },
    ))
}

fn bypassed(asked_number: u64, passed_number: u64) -> RunEvent {
    let (gate, passed_at) = (release(), release());
    RunEvent::GateBypassed(GateBypassed {
        gate,
        asked_number,
        passed_number,
        passed_at,
        claimed_number: None,
    })
}

/// The gate's approval was closed after the claim of this number had asked.
fn settled(outcome: Settled, asked_number: u64, in_time_for: &[u64]) -> RunEvent {
    RunEvent::GateSettled(GateSettled {
        gate: release(),
        approval: Id::new("acme/shop@release").unwrap(),
        outcome,
        by: None,
        at: minute(9),
        reason: None,
        asked_number: Some(asked_number),
        in_time_for: in_time_for.to_vec(),
    })
}

fn ended(number: u64, ending: Ending) -> RunEvent {
    RunEvent::Ended(Reported {
        stalls_at: None,
        ..reported(number, "workflow_complete", Ended { ending, error: None })
    })
}

fn resumed(number: u64) -> RunEvent {
    RunEvent::Resumed(reported(number, "workflow_resumed", Resumed { rerun: false }))
}

fn stalled(due: i64) -> RunEvent {
    RunEvent::Stalled(Stalled { heard_at: minute(due - 30), due_at: minute(due) })
}

#[test]
fn a_run_is_told_from_its_claims() {
    let run = view([
        started(1),
        begun(2, build()),
        phase_ended(3, build(), Ending::Completed),
        begun(4, release()),
        ended(5, Ending::Completed),
    ]);
    let summary = &run.summary;
    assert_eq!(summary.status, RunStatus::Completed);
    assert_eq!(summary.phase.as_deref(), Some("release"));
    assert_eq!(summary.autonomy.as_deref(), Some("guarded"));
    assert_eq!((summary.started_at, summary.ended_at), (Some(minute(1)), Some(minute(5))));
    assert_eq!((summary.claims, summary.first_seq, summary.last_seq), (5, 1, 5));
    let [first, second] = &run.phases[..] else { panic!("{:?}", run.phases) };
    assert_eq!((&first.place, first.ending), (&build(), Some(Ending::Completed)));
    assert_eq!((first.begun_at, first.ended_at), (Some(minute(2)), Some(minute(3))));
    assert_eq!((&second.place, second.ending, second.begun_times), (&release(), None, 1));
}

#[test]
fn an_end_stands_until_a_higher_number_begins_again() {
    let status = |events: Vec<RunEvent>| view(events).summary.status;
    assert_eq!(status(vec![started(1), ended(5, Ending::Failed)]), RunStatus::Failed);
    assert_eq!(status(vec![started(1), ended(5, Ending::Failed), resumed(3)]), RunStatus::Failed);
    assert_eq!(status(vec![started(1), ended(5, Ending::Failed), resumed(6)]), RunStatus::Running);
    assert_eq!(
        status(vec![started(1), ended(5, Ending::Failed), begun(6, build())]),
        RunStatus::Failed
    );
}

#[test]
fn a_stall_stands_until_something_is_expected_again() {
    let status = |events: Vec<RunEvent>| view(events).summary.status;
    assert_eq!(status(vec![started(1), stalled(31)]), RunStatus::Stalled);
    assert_eq!(status(vec![started(1), stalled(31), begun(40, build())]), RunStatus::Running);
    assert_eq!(status(vec![started(1), begun(40, build()), stalled(31)]), RunStatus::Running);
    assert_eq!(
        status(vec![started(1), stalled(31), ended(40, Ending::Completed)]),
        RunStatus::Completed
    );
}

#[test]
fn a_phase_that_begins_again_has_not_ended() {
    let run = view([begun(1, build()), phase_ended(2, build(), Ending::Failed), begun(3, build())]);
    let [phase] = &run.phases[..] else { panic!("{:?}", run.phases) };
    assert_eq!(
        (phase.ending, phase.ended_at, phase.begun_times, phase.number),
        (None, None, 2, Some(3))
    );
}

#[test]
fn a_bypass_is_open_until_a_grant_comes_and_is_never_undone() {
    let passed = [asked(2), begun(3, release()), bypassed(2, 3)];
    let and = |event: RunEvent| view(passed.clone().into_iter().chain([event]));
    assert_eq!(
        view([started(1), asked(2), begun(3, release()), bypassed(2, 3)]).summary.bypasses_open,
        1
    );
    assert_eq!(and(settled(Settled::Denied, 2, &[])).summary.bypasses_open, 1);
    assert_eq!(
        and(answered(5, Answer::Granted)).summary.bypasses_open,
        1,
        "a claim clears nothing"
    );
    let late = and(settled(Settled::Granted, 2, &[]));
    assert_eq!(late.summary.bypasses_open, 0);
    let [gate] = &late.gates[..] else { panic!("{:?}", late.gates) };
    assert_eq!((gate.asked.len(), gate.settled.len()), (1, 1));
    assert_eq!(gate.bypasses[0].cleared.as_ref().map(|cleared| cleared.in_time), Some(false));
}

#[test]
fn a_grant_that_was_there_in_time_says_that_nobody_went_on_without_it() {
    let told_late =
        [asked(2), begun(3, release()), bypassed(2, 3), settled(Settled::Granted, 2, &[3])];
    let run = view(told_late);
    assert!(run.gates[0].bypasses[0].was_granted());
    assert_eq!(run.summary.bypasses_open, 0);
}

#[test]
fn a_grant_of_what_was_asked_before_clears_nothing_of_what_was_asked_after() {
    let run =
        view([settled(Settled::Granted, 1, &[]), asked(2), begun(3, release()), bypassed(2, 3)]);
    assert_eq!(run.gates[0].bypasses[0].cleared, None);
    assert_eq!(run.summary.bypasses_open, 1);
}

#[test]
fn a_disputed_claim_counts_for_nothing_but_the_dispute() {
    let other = Claim { content: Hash::of(b"other"), ..claim(9, "phase_start") };
    let said = Said::PhaseBegun(PhaseBegun { place: release() });
    let dispute = ClaimDisputed { stands: claim(9, "phase_start").content, claim: other, said };
    let run = view([begun(9, build()), RunEvent::ClaimDisputed(dispute)]);
    assert_eq!((run.summary.claims, run.summary.disputes, run.phases.len()), (1, 1, 1));
    assert_eq!((run.disputes[0].number, run.disputes[0].sequence), (9, 2));
}

#[test]
fn a_merged_run_says_so_and_the_run_that_stays_does_not() {
    let merged = RunEvent::Merged(Merged { into: Id::new("a").unwrap() });
    let younger = arrived([begun(2, build()), merged]);
    let mut state = RunState::default();
    younger.iter().for_each(|entry| state.add(entry));
    assert_eq!(state.summary().status, RunStatus::Merged);
    let mut all =
        vec![entry(7, started(1)), entry(8, begun(2, build())), entry(9, begun(4, release()))];
    all.extend(younger);
    let run = RunView::of(Id::new("a").unwrap(), all);
    assert_eq!((run.summary.status, run.summary.claims), (RunStatus::Running, 3));
    assert_eq!(run.timeline.len(), 4, "the claim that came under both names is told once");
}

#[test]
fn what_the_plane_says_stands_behind_the_claim_it_says_it_of() {
    let run = view([begun(4, release()), asked(2), bypassed(2, 4), started(1)]);
    let sequences: Vec<u64> = run.timeline.iter().map(|entry| entry.sequence).collect();
    assert_eq!(sequences, [4, 2, 1, 3]);
}

/// What is shown of a run but for the positions at which the log happens to hold it.
fn without_positions(mut run: RunView) -> RunView {
    (run.summary.first_seq, run.summary.last_seq) = (0, 0);
    run.disputes.iter_mut().for_each(|dispute| dispute.sequence = 0);
    run.disputes.sort_by_key(|dispute| (dispute.number, dispute.disputed));
    run.stalls.sort_by_key(|stall| stall.due_at);
    run.timeline.clear();
    run
}

proptest! {
    #[test]
    fn the_order_in_which_claims_arrive_does_not_matter(
        events in samples::any_claims(),
        seed in any::<u64>(),
    ) {
        let mut shuffled = events.clone();
        let mut state = seed | 1;
        for at in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            shuffled.swap(at, (state >> 33) as usize % (at + 1));
        }
        prop_assert_eq!(without_positions(view(shuffled)), without_positions(view(events)));
    }
}
