//! Given what was seen of a run's files, when this is seen, then these changes and contradictions.

use std::time::Duration;

use helmstream_schemas::run::{
    Commit, Contradiction, Phase, PhaseState, RunCommand, RunEvent, State,
};

use super::*;
use crate::{
    Decider,
    limits::RUN_SIGHTINGS_MAX,
    run::{Run, RunRejection, RunState},
};

const MINUTE: i64 = 60_000_000_000;

fn minute(minute: i64) -> Timestamp {
    Timestamp::from_nanos(1_760_000_000_000_000_000 + minute * MINUTE)
}

fn moment(at: i64) -> Option<Moment> {
    Some(Moment { at: Some(minute(at)), text: minute(at).to_string() })
}

fn place(step: &str) -> Place {
    Place { phase: Some(Phase::Build), phase_text: None, step: Some(step.into()) }
}

fn step(id: &str, status: &str, at: i64) -> StepState {
    StepState {
        place: place(id),
        status: Some(status.into()),
        message: None,
        completed_at: moment(at),
        rest: Default::default(),
    }
}

fn saying(step: StepState, message: &str) -> StepState {
    StepState { message: Some(message.into()), ..step }
}

fn state(status: &str, updated: i64, steps: Vec<StepState>) -> State {
    State {
        about: About::default(),
        status: Some(status.into()),
        phase: None,
        step: None,
        started_at: moment(0),
        updated_at: moment(updated),
        completed_at: None,
        phases: Vec::new(),
        steps,
        artifacts: Vec::new(),
    }
}

/// A state as it is received at that minute, and not dated by a commit.
fn seen(at: i64, state: State) -> Observe {
    let content = Hash::of(&serde_json::to_vec(&state).unwrap());
    let sighting = Sighting {
        path: "state.json".into(),
        content,
        received_at: minute(at),
        written_at: None,
        commit: None,
        removed: Vec::new(),
    };
    Observe { sighting, told: Told::State(state) }
}

fn committed(at: i64, state: State) -> Observe {
    let mut observe = seen(10_000, state);
    observe.sighting.commit = Some(Commit { id: format!("c{at}"), committed_at: minute(at) });
    observe
}

/// Sees one after the other; what each added.
fn told(observes: Vec<Observe>) -> Vec<Option<Observed>> {
    let mut files = Files::default();
    let each = observes.into_iter().map(|observe| {
        let observed = files.observe(observe);
        observed.iter().for_each(|observed| files.observed(observed));
        observed
    });
    each.collect()
}

fn last(observes: Vec<Observe>) -> Observed {
    told(observes).pop().flatten().expect("something was added")
}

/// Changes of steps, as a table: step, from, to.
fn steps(observed: &Observed) -> Vec<(&str, Option<&str>, &str)> {
    fn step(change: &Change) -> Option<(&str, Option<&str>, &str)> {
        match change {
            Change::Step { place, from, to, .. } => {
                Some((place.step.as_deref()?, from.as_deref(), to.as_str()))
            }
            Change::StepGone { place } => Some((place.step.as_deref()?, None, "gone")),
            _ => None,
        }
    }
    observed.changes.iter().filter_map(step).collect()
}

#[test]
fn of_the_first_sighting_everything_is_new() {
    let mut first = state("in_progress", 5, vec![step("a", "success", 4), step("b", "odd", 5)]);
    let build = Place { phase: Some(Phase::Build), ..Place::default() };
    let status = Some("in_progress".to_owned());
    first.phases = vec![PhaseState {
        place: build.clone(),
        status,
        started_at: None,
        completed_at: None,
        rest: Default::default(),
    }];
    let observed = last(vec![seen(6, first)]);
    assert_eq!(observed.changes[0], Change::Run { from: None, to: "in_progress".into() });
    let phase = Change::Phase { place: build, from: None, to: "in_progress".into() };
    assert_eq!(observed.changes[1], phase);
    assert_eq!(steps(&observed), [("a", None, "success"), ("b", None, "odd")]);
    assert_eq!((observed.contradictions.len(), observed.late), (0, false));
    assert_eq!(observed.stalls_at, Some(minute(6).plus(STALL_AFTER)));
}

#[test]
fn a_state_that_grows_is_told_as_what_is_new() {
    let a = step("a", "success", 4);
    let grown = [
        seen(6, state("in_progress", 5, vec![a.clone()])),
        seen(8, state("in_progress", 7, vec![a.clone(), step("b", "in_progress", 7)])),
        seen(9, state("completed", 9, vec![a, step("b", "success", 8)])),
    ];
    let told: Vec<_> = told(grown.into()).into_iter().flatten().collect();
    assert_eq!(steps(&told[1]), [("b", None, "in_progress")]);
    assert_eq!(told[1].changes.len(), 1);
    assert_eq!(steps(&told[2]), [("b", Some("in_progress"), "success")]);
    let run = Change::Run { from: Some("in_progress".into()), to: "completed".into() };
    assert_eq!(told[2].changes[0], run);
    assert!(told.iter().all(|observed| observed.contradictions.is_empty()), "{told:?}");
    assert_eq!(told[2].stalls_at, None, "a run that is over is not waited for");
}

#[test]
fn what_was_seen_changes_nothing_and_what_comes_back_does() {
    let a = || state("in_progress", 5, vec![]);
    let b = || state("paused", 6, vec![]);
    let told = told(vec![seen(6, a()), seen(7, a()), seen(8, b()), seen(9, a())]);
    assert_eq!(told[1], None);
    let back = told[3].as_ref().expect("the file says again what it said");
    let run = Change::Run { from: Some("paused".into()), to: "in_progress".into() };
    assert_eq!(back.changes, [run]);
    let rebased = self::told(vec![committed(6, a()), committed(7, b()), committed(8, a())]);
    assert_eq!(rebased[2], None, "the same content in a younger commit");
}

#[test]
fn steps_that_change_while_the_time_of_the_last_change_stands_still_are_told() {
    let frozen = |steps| state("in_progress", 5, steps);
    let a = step("a", "success", 4);
    let observed = last(vec![
        seen(20, frozen(vec![a.clone()])),
        seen(21, frozen(vec![a.clone(), step("b", "success", 9), step("c", "success", 10)])),
    ]);
    let expected = Contradiction::FrozenUpdate { updated_at: minute(5), changes: 2 };
    assert_eq!(observed.contradictions, [expected]);
    let back = last(vec![seen(20, frozen(vec![])), seen(21, state("in_progress", 4, vec![a]))]);
    let expected = Contradiction::FrozenUpdate { updated_at: minute(4), changes: 1 };
    assert_eq!(back.contradictions, [expected], "a time that goes back is no better");
    let only_status = last(vec![seen(20, frozen(vec![])), seen(21, state("paused", 5, vec![]))]);
    assert_eq!(only_status.contradictions, []);
}

#[test]
fn a_success_whose_message_says_that_something_was_still_running_is_told_once() {
    let checks = saying(step("checks", "success", 4), "2 checks still in progress");
    let first = seen(6, state("in_progress", 5, vec![checks.clone()]));
    let expected = Contradiction::StillRunning {
        place: place("checks"),
        message: "2 checks still in progress".into(),
    };
    let observed = last(vec![first.clone()]);
    assert_eq!(observed.contradictions, [expected]);
    let second = seen(7, state("in_progress", 6, vec![checks, step("b", "success", 6)]));
    assert_eq!(last(vec![first, second]).contradictions, []);
    for (status, message) in [("failed", "is running"), ("success", "it ran")] {
        let steps = vec![saying(step("a", status, 4), message)];
        let observed = last(vec![seen(6, state("in_progress", 5, steps))]);
        assert_eq!(observed.contradictions, [], "{status} {message}");
    }
}

#[test]
fn what_is_dated_after_it_was_received_or_committed_is_told_with_by_how_much() {
    let ahead = |observe: Observe| {
        let told = last(vec![observe]).contradictions;
        let each = told.into_iter().map(|found| match found {
            Contradiction::AheadOfSighting { place, seen_at, ahead_ms, .. } => {
                (place.and_then(|place| place.step), seen_at, ahead_ms / 60_000)
            }
            other => panic!("{other:?}"),
        });
        each.collect::<Vec<_>>()
    };
    let state =
        || state("in_progress", 12, vec![step("a", "success", 15), step("b", "success", 9)]);
    let of_step = |seen, minutes| (Some("a".to_owned()), minute(seen), minutes);
    assert_eq!(ahead(seen(13, state())), [of_step(13, 2)]);
    assert_eq!(ahead(committed(10, state())), [of_step(10, 5), (None, minute(10), 2)]);
    let over = State { completed_at: moment(20), ..state() };
    assert_eq!(ahead(seen(16, over)), [(None, minute(16), 4)]);
}

#[test]
fn a_later_moment_of_the_second_of_a_commit_is_not_ahead_of_it() {
    let at = |nanos: u64| {
        let mut state = state("in_progress", 0, vec![]);
        let at = minute(10).plus(Duration::from_nanos(nanos));
        state.updated_at = Some(Moment { at: Some(at), text: at.to_string() });
        last(vec![committed(10, state)]).contradictions.len()
    };
    assert_eq!((at(999_999_999), at(1_000_000_000)), (0, 1));
}

#[test]
fn what_was_ahead_once_is_not_told_with_every_sighting() {
    let ahead = |message: &str| {
        let step = saying(step("a", "success", 30), message);
        State { completed_at: moment(40), ..state("in_progress", 5, vec![step]) }
    };
    let mut second = ahead("other");
    second.updated_at = moment(6);
    let observed = last(vec![seen(7, ahead("one")), seen(8, second)]);
    assert_eq!(steps(&observed).len(), 1);
    assert_eq!(observed.contradictions, []);
}

#[test]
fn a_sighting_that_is_older_than_what_stands_changes_nothing_and_says_so() {
    let young = seen(30, state("completed", 29, vec![step("a", "success", 20)]));
    let mut written = seen(40, state("in_progress", 6, vec![]));
    written.sighting.written_at = Some(minute(7));
    for old in [committed(5, state("pending", 4, vec![])), written] {
        let observed = last(vec![young.clone(), old]);
        assert!(observed.late);
        assert_eq!((observed.changes.len(), observed.contradictions.len()), (0, 0));
        assert_eq!(observed.stalls_at, None);
    }
    let mut files = Files::default();
    let again = |files: &mut Files, observe: Observe| {
        let observed = files.observe(observe);
        observed.iter().for_each(|observed| files.observed(observed));
        observed
    };
    let old = || committed(5, state("pending", 4, vec![]));
    assert!(again(&mut files, young).is_some() && again(&mut files, old()).is_some());
    assert_eq!(again(&mut files, old()), None);
    assert_eq!(files.is_over(), Some(true), "the youngest stands");
}

#[test]
fn a_step_that_had_ended_and_vanishes_or_has_not_ended_any_more_is_undone() {
    let before = || {
        seen(
            6,
            state(
                "in_progress",
                5,
                vec![
                    step("done", "success", 1),
                    step("failed", "failed", 2),
                    step("begun", "in_progress", 3),
                ],
            ),
        )
    };
    let gone = last(vec![before(), seen(7, state("in_progress", 6, vec![]))]);
    assert_eq!(
        steps(&gone),
        [("begun", None, "gone"), ("done", None, "gone"), ("failed", None, "gone")]
    );
    let undone = Contradiction::Undone { place: place("done"), from: "success".into() };
    assert_eq!(
        gone.contradictions,
        std::slice::from_ref(&undone),
        "what failed may be tried again"
    );
    let again = ["done", "failed", "begun"].map(|id| step(id, "in_progress", 6));
    let again = last(vec![before(), seen(7, state("in_progress", 6, again.into()))]);
    assert_eq!(again.contradictions, [undone]);
}

#[test]
fn two_steps_of_one_name_are_two() {
    let twice = || vec![step("test", "failed", 1), step("test", "success", 2)];
    let first = seen(6, state("in_progress", 5, twice()));
    assert_eq!(
        steps(&last(vec![first.clone()])),
        [("test", None, "failed"), ("test", None, "success")]
    );
    let again = last(vec![first.clone(), seen(7, state("paused", 6, twice()))]);
    assert_eq!(steps(&again), []);
    let mut third = twice();
    third.push(step("test", "warning", 6));
    let third = last(vec![first.clone(), seen(7, state("in_progress", 6, third))]);
    assert_eq!(steps(&third), [("test", None, "warning")]);
    let fewer = vec![step("test", "failed", 1)];
    let fewer = last(vec![first, seen(7, state("in_progress", 6, fewer))]);
    assert_eq!((steps(&fewer), fewer.contradictions.len()), (vec![("test", None, "gone")], 1));
}

#[test]
fn a_status_that_cannot_follow_the_one_before_is_told() {
    let moves = |from: &str, to: &str| {
        let observed = last(vec![seen(6, state(from, 5, vec![])), seen(7, state(to, 6, vec![]))]);
        observed.contradictions.len()
    };
    assert_eq!(moves("completed", "in_progress"), 1);
    assert_eq!(moves("pending", "Completed"), 1);
    assert_eq!(moves("In-Progress", "completed"), 0);
    assert_eq!(moves("completed", "archived"), 0, "an unknown word says nothing");
    let expected = Contradiction::Move { from: "completed".into(), to: "pending".into() };
    let observed =
        last(vec![seen(6, state("completed", 5, vec![])), seen(7, state("pending", 6, vec![]))]);
    assert_eq!(observed.contradictions, [expected]);
}

#[test]
fn a_state_is_waited_for_while_it_is_young_by_any_of_its_times() {
    let due = |status: &str, updated: i64, step_at: i64| {
        let steps = vec![step("a", "success", step_at)];
        last(vec![seen(100, state(status, updated, steps))]).stalls_at.is_some()
    };
    assert!(due("in_progress", 99, 1) && due("IN-PROGRESS", 40, 1));
    assert!(!due("in_progress", 39, 1), "an hour is young, more is not");
    assert!(due("in_progress", 1, 99), "the time of the last change may stand still");
    assert!(!due("paused", 99, 99) && !due("completed", 99, 99));
}

#[test]
fn a_run_takes_no_more_sightings_than_its_bound() {
    let observe = |n: i64| RunCommand::Observe(Box::new(seen(n, state("paused", n, vec![]))));
    let mut run = RunState::default();
    run.files.sightings = RUN_SIGHTINGS_MAX;
    assert_eq!(Run::decide(&run, observe(1)), Err(RunRejection::FilesFull));
    run.files.sightings -= 1;
    let events = Run::decide(&run, observe(1)).unwrap();
    assert!(matches!(&events[..], [RunEvent::Observed(_)]));
    let full = events.iter().fold(run, Run::evolve);
    assert_eq!(Run::decide(&full, observe(2)), Err(RunRejection::FilesFull));
    assert_eq!(Run::decide(&full, observe(1)), Ok(vec![]), "what is known asks for no room");
}
