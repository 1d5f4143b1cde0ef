//! A run as it is shown, from entries as the view keeps them.

use helmstream_projections::run::{Entry, RunView, What};
use helmstream_schemas::{
    Actor, ActorKind, Hash,
    run::{
        Answer, ApprovalAnswered, ApprovalAsked, Artifact, ArtifactRecorded, Autonomy, Claim,
        Ended, Ending, Fault, GateBypassed, GateSettled, Phase, PhaseBegun, PhaseEnded, Place,
        Settled, Stalled, Started, StepBegun, StepEnded,
    },
};
use uuid::Uuid;

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse(&format!("2026-01-31T{text}Z")).unwrap()
}

fn place(phase: Phase, step: Option<&str>) -> Place {
    Place { phase: Some(phase), phase_text: None, step: step.map(str::to_owned) }
}

fn entry(number: u64, claimed: &str, what: What) -> Entry {
    let claim = Claim {
        number,
        word: "word".into(),
        content: Hash::of(&number.to_be_bytes()),
        claimed_at: Some(at(claimed)),
        claimed_text: None,
        received_at: at("12:00:00"),
        ahead_ms: None,
        person: None,
        status: None,
        message: None,
        duration_ms: None,
        artifacts: Vec::new(),
        rest: Default::default(),
        removed: Vec::new(),
    };
    Entry {
        sequence: number + 100,
        id: Uuid::nil(),
        recorded_at: at("12:00:00"),
        claim: Some(claim),
        stalls_at: None,
        what,
    }
}

fn said_by_the_plane(sequence: u64, what: What) -> Entry {
    Entry {
        sequence,
        id: Uuid::nil(),
        recorded_at: at("12:00:00"),
        claim: None,
        stalls_at: None,
        what,
    }
}

fn show(entries: Vec<Entry>) -> String {
    let run = RunView::of(Id::new("acme/shop-42").unwrap(), entries);
    let run = RunShown {
        run,
        aliases: vec![Id::new("shop-42").unwrap()],
        merged: Vec::new(),
        revision: 120,
        changed_seq: 120,
    };
    let people = [("person:1".to_owned(), "dana".to_owned())].into();
    page(&Shown { run, people }, 120, at("12:00:00"), Ink::none())
}

fn started() -> Entry {
    let started = Started {
        work_id: Some("42".into()),
        workflow_id: None,
        autonomy: Some(Autonomy::Guarded),
        autonomy_text: None,
        title: Some("Add\u{1b}[2J checkout".into()),
    };
    entry(1, "10:00:00", What::Started(started))
}

#[test]
fn a_gate_that_was_passed_stands_above_everything_and_a_late_grant_does_not_undo_it() {
    let gate = place(Phase::Release, None);
    let merge = place(Phase::Release, Some("merge-pr"));
    let bypassed = GateBypassed {
        gate: gate.clone(),
        asked_number: 2,
        passed_number: 3,
        passed_at: merge.clone(),
        claimed_number: Some(4),
    };
    let mut entries = vec![
        started(),
        entry(2, "10:01:00", What::ApprovalAsked(ApprovalAsked { gate: gate.clone() })),
        entry(3, "10:02:00", What::StepBegun(StepBegun { place: merge, again: false })),
        said_by_the_plane(104, What::GateBypassed(bypassed)),
    ];
    let said = show(entries.clone());
    let alarm = "\n GATE PASSED WITHOUT A GRANT\n  the gate at release was asked in claim 2 and had no grant when the run \
                 went on in claim 3, at release / merge-pr\n  the run claims that it was granted, in claim 4; a claim passes no gate\n  \
                 nobody has granted it since\n";
    assert!(said.contains(alarm), "{said}");
    assert!(
        said.contains("nobody has answered")
            && said.find("GATE PASSED") < said.find("Phases and steps"),
        "{said}"
    );
    let answered = ApprovalAnswered { gate: gate.clone(), answer: Answer::Granted };
    let mut claimed = entry(5, "10:05:00", What::ApprovalAnswered(answered));
    if let Some(claim) = &mut claimed.claim {
        claim.person = Some("person:1".into());
    }
    let settled = GateSettled {
        gate,
        approval: Id::new("acme/shop-42@release").unwrap(),
        outcome: Settled::Granted,
        by: Some(Actor { id: "operator".into(), kind: ActorKind::Human }),
        at: at("10:07:00"),
        reason: Some("seen it".into()),
        asked_number: Some(2),
        in_time_for: vec![],
    };
    entries.extend([claimed, said_by_the_plane(106, What::GateSettled(settled.clone()))]);
    let said = show(entries.clone());
    for line in [
        "a grant came later, 2026-01-31 10:07:00Z; that clears it and does not undo it",
        "granted    as the run claims in claim 5, 2026-01-31 10:05:00Z, by dana (person:1)",
        "granted    2026-01-31 10:07:00Z by operator: seen it",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    let in_time = GateSettled { in_time_for: vec![3], ..settled };
    entries.pop();
    entries.push(said_by_the_plane(106, What::GateSettled(in_time)));
    let said = show(entries);
    assert!(
        !said.contains(" GATE PASSED WITHOUT A GRANT \n") && !said.contains("nobody has granted"),
        "{said}"
    );
    assert!(said.contains("passed     in claim 3 after the grant"), "{said}");
}

#[test]
fn phases_have_their_steps_below_them_with_durations_and_faults() {
    let build = place(Phase::Build, None);
    let step = place(Phase::Build, Some("compile"));
    let error = Some(Fault {
        code: Some("E1".into()),
        message: Some("no\nspace".into()),
        recoverable: None,
    });
    let said = show(vec![
        started(),
        entry(2, "10:01:00", What::PhaseBegun(PhaseBegun { place: build.clone() })),
        entry(3, "10:01:00", What::StepBegun(StepBegun { place: step.clone(), again: false })),
        entry(
            4,
            "10:03:05",
            What::StepEnded(StepEnded { place: step.clone(), ending: Ending::Failed, error }),
        ),
        entry(5, "10:04:00", What::StepBegun(StepBegun { place: step, again: true })),
        entry(
            6,
            "11:01:00",
            What::PhaseEnded(PhaseEnded { place: build, ending: Ending::Completed, error: None }),
        ),
    ]);
    let wanted = "
Phases and steps
  build                       completed   1h 00m
    compile                   going on    since 1h ago  begun 2 times
";
    assert!(said.contains(wanted), "{said}");
    assert!(said.contains("  2026-01-31\n      1  10:00:00Z  started  [101]\n"), "{said}");
    assert!(
        said.contains("build / compile failed") && said.contains("build / compile began again"),
        "{said}"
    );
}

#[test]
fn a_claim_from_the_future_is_flagged_with_by_how_much() {
    let mut ended =
        entry(2, "14:03:00", What::Ended(Ended { ending: Ending::Completed, error: None }));
    if let Some(claim) = &mut ended.claim {
        claim.ahead_ms = Some(7_380_000);
    }
    let said = show(vec![started(), ended]);
    assert!(
        said.contains("claims to be 2h 03m later than it was received (2026-01-31 12:00:00Z)"),
        "{said}"
    );
    assert!(said.contains("took 4h 03m"), "{said}");
}

#[test]
fn names_stalls_and_artifacts_are_shown_and_nothing_steers_the_terminal() {
    let mut made = entry(
        2,
        "10:05:00",
        What::ArtifactRecorded(ArtifactRecorded { place: place(Phase::Release, None) }),
    );
    let artifact = Artifact {
        kind: "pr".into(),
        name: Some("#7\u{202e}".into()),
        path: None,
        url: Some("https://git.example/7".into()),
        sha: None,
        size_bytes: None,
    };
    if let Some(claim) = &mut made.claim {
        claim.artifacts.push(artifact);
    }
    let stalled = Stalled { heard_at: at("10:05:00"), due_at: at("10:35:00") };
    let said = show(vec![started(), made, said_by_the_plane(103, What::Stalled(stalled))]);
    assert!(said.starts_with("acme/shop-42  Add\\u{1b}[2J checkout\n"), "{said}");
    assert!(said.contains("also called shop-42"), "{said}");
    assert!(
        said.contains("stalled: nothing was heard for 30m 00s after 2026-01-31 10:05:00Z"),
        "{said}"
    );
    assert!(said.contains("pr          #7\\u{202e}  https://git.example/7  (claim 2)"), "{said}");
    assert!(!said.contains(['\u{1b}', '\u{202e}']));
}
