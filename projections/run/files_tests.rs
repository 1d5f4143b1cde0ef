//! A run that has nothing but files, told whole; and what its files say beside what it reported.

use helmstream_schemas::{
    Hash, Id,
    run::{
        Artifact, Commit, Ended, Moment, Observed, Phase, PhaseBegun, Published, RunEvent, Sighting,
    },
};
use uuid::Uuid;

use super::*;
use crate::run::{
    RunState, RunStatus, RunView,
    samples::{self, minute, reported},
};

fn place(phase: Phase, step: Option<&str>) -> Place {
    Place { phase: Some(phase), phase_text: None, step: step.map(str::to_owned) }
}

fn moment(at: i64) -> Option<Moment> {
    Some(Moment { at: Some(minute(at)), text: minute(at).to_string() })
}

fn step(id: &str, from: Option<&str>, to: &str, at: i64) -> Change {
    Change::Step {
        place: place(Phase::Build, Some(id)),
        from: from.map(str::to_owned),
        to: to.into(),
        completed_at: Some(minute(at)),
        message: Some(format!("said by {id}")),
    }
}

fn sighting(at: i64) -> Sighting {
    Sighting {
        path: "runs/a/state.json".into(),
        content: Hash::of(&at.to_be_bytes()),
        received_at: minute(at),
        written_at: None,
        commit: None,
        removed: Vec::new(),
    }
}

fn state(status: &str, at: i64) -> State {
    let phase = |phase: Phase, status: &str| PhaseState {
        place: place(phase, None),
        status: Some(status.into()),
        started_at: moment(1),
        completed_at: (status == "completed").then(|| moment(4)).flatten(),
        rest: [("max_retries".to_owned(), 2.into())].into_iter().collect(),
    };
    State {
        about: About {
            work_id: Some("77".into()),
            workflow_id: Some("default".into()),
            autonomy_text: Some("yolo".into()),
            title: Some("Sell more".into()),
            ..About::default()
        },
        status: Some(status.into()),
        phase: Some("build".into()),
        step: None,
        started_at: moment(1),
        updated_at: moment(at),
        completed_at: None,
        phases: vec![phase(Phase::Frame, "completed"), phase(Phase::Build, "in_progress")],
        steps: Vec::new(),
        artifacts: vec![pr("#8")],
    }
}

fn pr(name: &str) -> Artifact {
    let name = Some(name.to_owned());
    Artifact { kind: "pr".into(), name, path: None, url: None, sha: None, size_bytes: None }
}

fn seen(at: i64, status: &str, changes: Vec<Change>) -> Observed {
    Observed {
        sighting: sighting(at),
        told: Told::State(state(status, at)),
        changes,
        contradictions: Vec::new(),
        late: false,
        stalls_at: None,
    }
}

fn event(observed: Observed) -> RunEvent {
    RunEvent::Observed(Box::new(observed))
}

fn ended(number: u64) -> RunEvent {
    let fact = Ended { ending: Ending::Completed, error: None };
    RunEvent::Ended(reported(number, "workflow_complete", fact))
}

fn view(events: impl IntoIterator<Item = RunEvent>) -> RunView {
    let entries = events.into_iter().zip(1..).map(|(event, sequence)| {
        let record = samples::record(sequence, "a", &event);
        Entry::of(&record, Uuid::from_u128(u128::from(sequence)), event)
    });
    RunView::of(Id::new("a").unwrap(), entries.collect())
}

/// Stages as a table: what, status as written, how it ended, when, whether it is gone.
fn table(stages: &[Stage]) -> Vec<String> {
    let row = |stage: &Stage| {
        let name = stage.place.step.clone().unwrap_or(format!("{:?}", stage.place.phase.unwrap()));
        let file = stage.file.as_ref();
        let status = file.and_then(|file| file.status.clone()).unwrap_or("-".into());
        let ending = stage.ending.map_or("-".into(), |ending| format!("{ending:?}"));
        let at = |n| stage.ended_at == Some(minute(n));
        let at = (0..100).find(|n| at(*n)).map_or("-".into(), |n| n.to_string());
        let gone = if file.is_some_and(|file| file.gone) { " gone" } else { "" };
        format!("{name} {status} {ending} {at}{gone}")
    };
    stages.iter().map(row).collect()
}

#[test]
fn a_run_that_has_only_its_state_is_told_whole() {
    let run = view([
        event(seen(
            5,
            "in_progress",
            vec![step("plan", None, "success", 3), step("code", None, "in_progress", 5)],
        )),
        event(seen(9, "completed", vec![step("code", Some("in_progress"), "warning", 8)])),
    ]);
    assert_eq!(table(&run.phases), ["Frame completed Completed 4", "Build in_progress - -"]);
    assert_eq!(table(&run.steps), ["plan success Completed 3", "code warning Warning 8"]);
    assert_eq!(run.steps[1].file.as_ref().unwrap().message.as_deref(), Some("said by code"));
    assert_eq!(run.artifacts[0].artifact, pr("#8"));
    assert_eq!(run.artifacts[0].number, None);
    let summary = run.summary;
    assert_eq!(summary.status, RunStatus::Completed);
    assert_eq!((summary.phase.as_deref(), summary.work_id.as_deref()), (Some("build"), Some("77")));
    assert_eq!(
        (summary.title.as_deref(), summary.autonomy.as_deref()),
        (Some("Sell more"), Some("yolo"))
    );
    assert_eq!((summary.started_at, summary.ended_at), (Some(minute(1)), Some(minute(9))));
    assert_eq!((summary.heard_at, summary.claims), (Some(minute(9)), 0));
    assert_eq!(run.timeline.len(), 2);
}

#[test]
fn the_state_says_how_a_run_stands_only_where_no_claim_does() {
    let status = |status: &str| view([event(seen(5, status, vec![]))]).summary.status;
    let cases = [
        ("in_progress", RunStatus::Running),
        ("pending", RunStatus::Pending),
        ("Paused", RunStatus::Paused),
        ("awaiting_feedback", RunStatus::Paused),
        ("failed", RunStatus::Failed),
        ("cancelled", RunStatus::Cancelled),
        ("stopped", RunStatus::Ended),
        ("who knows", RunStatus::Running),
    ];
    for (word, expected) in cases {
        assert_eq!(status(word), expected, "{word}");
    }
    let begun = || {
        let place = place(Phase::Build, None);
        RunEvent::PhaseBegun(reported(2, "phase_start", PhaseBegun { place }))
    };
    let told = view([event(seen(5, "pending", vec![])), begun()]);
    assert_eq!(told.summary.status, RunStatus::Running, "it reports, so it has begun");
    let told = view([event(seen(5, "failed", vec![])), begun()]);
    assert_eq!(told.summary.status, RunStatus::Failed, "no claim began or ended it");
    let told = view([event(seen(5, "failed", vec![])), ended(3)]);
    assert_eq!(told.summary.status, RunStatus::Completed);
    assert_eq!(told.summary.title.as_deref(), Some("Sell more"), "no claim says it");
}

#[test]
fn a_run_that_ended_while_its_state_goes_on_saying_otherwise_is_contradicted() {
    let open = |events: Vec<RunEvent>| {
        let run = view(events);
        let found: Vec<_> = run.contradictions.iter().map(|found| found.what.clone()).collect();
        assert_eq!(run.summary.contradictions as usize, found.len());
        found
    };
    let still =
        |status: &str| Contradicts::StillOpen { ending: Ending::Completed, status: status.into() };
    let pending = |at| event(seen(at, "pending", vec![]));
    assert_eq!(open(vec![ended(3), pending(4)]), [still("pending")]);
    assert_eq!(open(vec![pending(4), ended(3)]), [still("pending")], "in whatever order");
    assert_eq!(open(vec![pending(2), ended(3)]), [], "the state is older than the end");
    assert_eq!(open(vec![ended(3), event(seen(4, "failed", vec![]))]), []);
    assert_eq!(open(vec![ended(3), pending(4), event(seen(5, "completed", vec![]))]), []);
}

#[test]
fn what_a_sighting_shows_not_to_be_true_is_kept_with_where_it_was_seen() {
    let mut first = seen(5, "in_progress", vec![]);
    first.contradictions = vec![Contradiction::Move { from: "a".into(), to: "b".into() }];
    let run = view([ended(1), event(first)]);
    let found = &run.contradictions[0];
    assert_eq!((found.sequence, found.path.as_str()), (2, "runs/a/state.json"));
    assert_eq!(run.summary.contradictions, 2);
}

#[test]
fn a_late_sighting_is_in_the_timeline_and_changes_nothing() {
    let young = seen(9, "completed", vec![step("code", None, "success", 8)]);
    let mut late = seen(10, "pending", vec![]);
    late.late = true;
    late.sighting.commit = Some(Commit { id: "c".into(), committed_at: minute(2) });
    let run = view([event(young), event(late)]);
    assert_eq!(run.summary.status, RunStatus::Completed);
    assert_eq!((table(&run.steps).len(), run.timeline.len()), (1, 2));
}

#[test]
fn steps_of_one_name_that_vanish_and_what_two_files_tell_alike_come_out_as_they_are() {
    let run = view([
        event(seen(
            5,
            "s",
            vec![step("test", None, "failed", 1), step("test", None, "success", 2)],
        )),
        event(seen(6, "s", vec![step("test", Some("failed"), "skipped", 3)])),
        event(seen(7, "s", vec![Change::StepGone { place: place(Phase::Build, Some("test")) }])),
        event(seen(8, "s", vec![step("test", None, "skipped", 3), step("lint", None, "odd", 7)])),
    ]);
    let expected = ["test skipped Skipped 3", "test success - - gone", "lint odd - -"];
    assert_eq!(table(&run.steps), expected);
}

#[test]
fn a_stage_that_the_run_reported_keeps_its_claims_and_shows_what_its_file_says_beside_them() {
    let build = place(Phase::Build, None);
    let begun = RunEvent::PhaseBegun(reported(2, "phase_start", PhaseBegun { place: build }));
    let run = view([begun, event(seen(5, "in_progress", vec![]))]);
    assert_eq!(table(&run.phases), ["Build in_progress - -", "Frame completed Completed 4"]);
    assert_eq!(run.phases[0].number, Some(2));
    assert_eq!(run.phases[0].begun_at, Some(minute(2)), "as claimed");
}

#[test]
fn the_view_keeps_no_more_of_a_sighting_than_it_shows() {
    let run = view([event(seen(5, "s", vec![step("a", None, "success", 1)]))]);
    let What::Observed(kept) = &run.timeline[0].what else { panic!() };
    let Told::State(state) = &kept.told else { panic!() };
    assert!(state.phases.iter().all(|phase| phase.rest.is_empty()) && state.steps.is_empty());
    assert_eq!(kept.changes.len(), 1, "steps are in what changed");
}

#[test]
fn a_line_of_a_changelog_is_in_the_timeline_and_says_nothing_of_how_the_run_stands() {
    let line = Published {
        id: "evt_1".into(),
        word: "CODE_MERGED".into(),
        place: place(Phase::Release, None),
        status: Some("failure".into()),
        at: None,
        target: None,
        environment: None,
        work_id: None,
        message: None,
        rest: [("custom".to_owned(), 1.into())].into_iter().collect(),
    };
    let observed = Observed { told: Told::Published(line), ..seen(5, "x", vec![]) };
    let run = view([event(observed)]);
    assert_eq!((run.summary.status, run.timeline.len()), (RunStatus::Running, 1));
    assert_eq!(run.summary.phase, None);
}

#[test]
fn the_row_of_a_list_is_the_same_in_whatever_order_sightings_come() {
    let metadata = Observed {
        told: Told::Metadata(About { title: Some("older".into()), ..About::default() }),
        ..seen(20, "x", vec![])
    };
    let events = [seen(5, "pending", vec![]), seen(9, "completed", vec![]), metadata].map(event);
    let row = |order: [usize; 3]| {
        let mut state = RunState::default();
        for at in order {
            let event = events[at].clone();
            let record = samples::record(at as u64 + 1, "a", &event);
            state.add(&Entry::of(&record, Uuid::nil(), event));
        }
        state
    };
    let in_order = row([0, 1, 2]);
    for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        assert_eq!(row(order), in_order);
    }
    assert_eq!(in_order.summary().title.as_deref(), Some("Sell more"), "a state says it better");
}
