//! How what the files of a run say is shown.

use helmstream_projections::run::{Entry, RunView, What};
use helmstream_schemas::{
    Hash, Id, Timestamp,
    run::{About, Commit, Phase, PhaseState, Published, Sighting, State},
};
use uuid::Uuid;

use super::{super::super::page::Ink, *};

fn at(text: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-01-31T{text}Z")).unwrap()
}

fn place(step: Option<&str>) -> Place {
    Place { phase: Some(Phase::Build), phase_text: None, step: step.map(str::to_owned) }
}

fn step(from: Option<&str>, to: &str) -> Change {
    Change::Step {
        place: place(Some("test")),
        from: from.map(str::to_owned),
        to: to.into(),
        completed_at: Some(at("10:05:00")),
        message: Some("green\u{1b}[2J".into()),
    }
}

fn seen(changes: Vec<Change>) -> Observed {
    let phase = PhaseState {
        place: place(None),
        status: Some("in_progress".into()),
        started_at: None,
        completed_at: None,
        rest: Default::default(),
    };
    let state = State {
        about: About { title: Some("Sell more".into()), ..About::default() },
        status: Some("in_progress".into()),
        phase: None,
        step: None,
        started_at: None,
        updated_at: None,
        completed_at: None,
        phases: vec![phase],
        steps: Vec::new(),
        artifacts: Vec::new(),
    };
    let sighting = Sighting {
        path: "state.json".into(),
        content: Hash::of(b"x"),
        received_at: at("11:00:00"),
        written_at: None,
        commit: None,
        removed: Vec::new(),
    };
    let told = Told::State(state);
    Observed { sighting, told, changes, contradictions: Vec::new(), late: false, stalls_at: None }
}

fn show(observed: Vec<Observed>) -> String {
    let entries = observed.into_iter().zip(7..).map(|(observed, sequence)| Entry {
        sequence,
        id: Uuid::nil(),
        recorded_at: at("11:00:00"),
        claim: None,
        stalls_at: None,
        what: What::Observed(Box::new(observed)),
    });
    let run = RunView::of(Id::new("acme/shop-42").unwrap(), entries.collect());
    let run = helmstream_projections::questions::run::RunShown {
        run,
        aliases: Vec::new(),
        merged: Vec::new(),
        revision: 120,
        changed_seq: 120,
    };
    let shown = crate::client::run::Shown { run, people: Default::default() };
    super::super::page::page(&shown, 120, at("12:00:00"), Ink::none())
}

#[test]
fn a_run_of_which_only_files_tell_is_shown_from_beginning_to_end() {
    let run = Change::Run { from: None, to: "in_progress".into() };
    let phase = Change::Phase { place: place(None), from: None, to: "in_progress".into() };
    let said = show(vec![
        seen(vec![run, phase, step(None, "in_progress")]),
        seen(vec![step(Some("in_progress"), "success")]),
        seen(vec![Change::StepGone { place: place(Some("test")) }]),
    ]);
    assert!(said.starts_with("acme/shop-42  Sell more\n"), "{said}");
    let timeline = "
                    state.json, received 2026-01-31 11:00:00Z, was seen  [7]
                      the run in_progress
                      build in_progress
  2026-01-31
         10:05:00Z    build / test in_progress: green\\u{1b}[2J
                    state.json, received 2026-01-31 11:00:00Z, was seen  [8]
         10:05:00Z    build / test success (was in_progress): green\\u{1b}[2J
                    state.json, received 2026-01-31 11:00:00Z, was seen  [9]
                      build / test is not there any more
";
    assert!(said.contains(timeline), "{said}");
    assert!(said.contains("  build                       in_progress"), "{said}");
    assert!(said.contains("    test                      gone"), "{said}");
    assert!(!said.contains('\u{1b}'));
}

#[test]
fn what_cannot_all_be_true_stands_above_everything_in_words() {
    let mut odd = seen(vec![]);
    let (test, text) = (place(Some("test")), |text: &str| text.to_owned());
    odd.contradictions = vec![
        Contradiction::StillRunning { place: test.clone(), message: text("is running") },
        Contradiction::AheadOfSighting {
            place: None,
            claimed_at: at("11:12:05"),
            seen_at: at("11:00:00"),
            ahead_ms: 725_000,
        },
        Contradiction::FrozenUpdate { updated_at: at("10:00:00"), changes: 5 },
        Contradiction::Undone { place: test, from: text("success") },
        Contradiction::Move { from: text("completed"), to: text("pending") },
    ];
    let said = show(vec![odd]);
    let alarm = "
 WHAT ITS FILES SAY CANNOT ALL BE TRUE 
  state.json: build / test is a success, and its message says that something was still running: is running  [7]
  state.json: the run is dated 2026-01-31 11:12:05Z, 12m 05s after it was seen (2026-01-31 11:00:00Z)  [7]
  state.json: 5 steps changed while the time of the last change stood still at 2026-01-31 10:00:00Z  [7]
  state.json: build / test had ended (success) and has not any more  [7]
  state.json: the run cannot become `pending` after `completed`  [7]
";
    let alarm = alarm.replace("TRUE \n", "TRUE\n");
    assert!(said.contains(&alarm), "{said}");
    assert!(said.find("CANNOT ALL") < said.find("Timeline"), "{said}");
}

#[test]
fn a_late_sighting_and_a_line_of_a_changelog_are_told_in_one_line_each() {
    let mut late = seen(vec![]);
    late.late = true;
    late.sighting.commit =
        Some(Commit { id: "0123456789abcdef".into(), committed_at: at("09:00:00") });
    let line = Published {
        id: "evt_1".into(),
        word: "CODE_MERGED".into(),
        place: place(None),
        status: Some("success".into()),
        at: None,
        target: None,
        environment: None,
        work_id: None,
        message: Some("merged".into()),
        rest: Default::default(),
    };
    let published = Observed { told: Told::Published(line), ..seen(vec![]) };
    let said = show(vec![late, published, seen(vec![])]);
    let of_commit = "state.json of commit 0123456789ab, 2026-01-31 09:00:00Z, was seen late: \
                     a younger one was known, so it changes nothing  [7]\n";
    assert!(said.contains(of_commit), "{said}");
    assert!(
        said.contains("state.json, received 2026-01-31 11:00:00Z, tells of CODE_MERGED at build, success: merged  [8]\n"),
        "{said}"
    );
    assert!(
        said.contains("state.json, received 2026-01-31 11:00:00Z, tells nothing new  [9]\n"),
        "{said}"
    );
}

#[test]
fn a_long_name_of_a_step_moves_the_column_and_runs_into_nothing() {
    let named = |name: &str| {
        let Change::Step { from, to, completed_at, message, .. } = step(None, "success") else {
            panic!()
        };
        Change::Step { place: place(Some(name)), from, to, completed_at, message }
    };
    let endless = "n".repeat(80);
    let said = show(vec![seen(vec![named("a-step-with-a-name-of-some-length"), named(&endless)])]);
    let column =
        said.lines().find(|line| line.starts_with("  build ")).unwrap().find("in_progress");
    assert_eq!(column, Some(62), "{said}");
    assert!(said.contains(&format!("    {endless} completed")), "{said}");
}
