//! Records of runs for this crate's tests.

use helmstream_schemas::{
    Attributes, Context, Hash, Record, Timestamp,
    attributes::{self as ce, Kind},
    run::*,
    words,
};
use proptest::prelude::*;
use uuid::Uuid;

pub(crate) const MINUTE: i64 = 60_000_000_000;

pub(crate) fn minute(n: i64) -> Timestamp {
    Timestamp::from_nanos(1_760_000_000_000_000_000 + n * MINUTE)
}

pub(crate) fn claim(number: u64, word: &str) -> Claim {
    Claim {
        number,
        word: word.into(),
        content: Hash::of_parts(&[word, &number.to_string()]),
        claimed_at: Some(minute(number as i64)),
        claimed_text: None,
        received_at: minute(number as i64),
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

pub(crate) fn reported<T>(number: u64, word: &str, fact: T) -> Reported<T> {
    Reported { claim: claim(number, word), stalls_at: Some(minute(number as i64 + 30)), fact }
}

/// An event as the log holds it.
pub(crate) fn record(sequence: u64, run: &str, event: &RunEvent) -> Record {
    let (name, payload) = words::encode(event);
    let mut attributes = Attributes::default();
    attributes.set(ce::ID, Uuid::from_u128(u128::from(sequence)).to_string());
    attributes.set(ce::TYPE, Kind::first(Context::Run, name).to_string());
    Record {
        stream: "EVENTS".into(),
        subject: format!("evt.run.{run}"),
        sequence,
        recorded_at: minute(sequence as i64),
        attributes,
        payload,
    }
}

/// A record that says next to nothing.
pub(crate) fn noted(sequence: u64, run: &str) -> Record {
    let fact = Noted { place: Place::default() };
    record(sequence, run, &RunEvent::Noted(reported(sequence, "decision_point", fact)))
}

pub(crate) fn started() -> Started {
    Started {
        work_id: Some("42".into()),
        workflow_id: None,
        autonomy: Some(Autonomy::Guarded),
        autonomy_text: None,
        title: Some("a title\0 with what Postgres cannot hold".into()),
    }
}

fn any_place() -> impl Strategy<Value = Place> {
    let phase =
        prop::option::of(prop::sample::select(vec![Phase::Build, Phase::Release, Phase::Other]));
    let step = prop::option::of(prop::sample::select(vec!["merge", "test", "\0odd"]));
    (phase, step).prop_map(|(phase, step)| Place {
        phase,
        phase_text: (phase == Some(Phase::Other)).then(|| "polish".to_owned()),
        step: step.map(str::to_owned),
    })
}

fn any_ending() -> impl Strategy<Value = Ending> {
    prop::sample::select(vec![
        Ending::Completed,
        Ending::Failed,
        Ending::Skipped,
        Ending::Cancelled,
    ])
}

/// An event of a run, the claim of this number where it is one.
fn event_of(number: u64) -> impl Strategy<Value = RunEvent> {
    let answer = prop::sample::select(vec![Answer::Granted, Answer::Denied]);
    (any_place(), any_ending(), answer, any::<bool>(), 0_u8..14, 1_u64..30, 1_u64..30).prop_map(
        move |(place, ending, answer, flag, which, asked_number, passed_number)| match which {
            0 => RunEvent::Started(reported(number, "workflow_start", started())),
            1 => RunEvent::Resumed(reported(number, "workflow_resumed", Resumed { rerun: flag })),
            2 => RunEvent::PhaseBegun(reported(number, "phase_start", PhaseBegun { place })),
            3 => {
                let fact = PhaseEnded { place, ending, error: None };
                RunEvent::PhaseEnded(reported(number, "phase_complete", fact))
            }
            4 => RunEvent::StepBegun(reported(
                number,
                "step_start",
                StepBegun { place, again: flag },
            )),
            5 => {
                let fact = StepEnded { place, ending, error: None };
                RunEvent::StepEnded(reported(number, "step_complete", fact))
            }
            6 => {
                let mut event = reported(number, "commit_create", ArtifactRecorded { place });
                event.claim.artifacts.push(artifact(number % 5));
                RunEvent::ArtifactRecorded(event)
            }
            7 => RunEvent::ApprovalAsked(reported(
                number,
                "approval_request",
                ApprovalAsked { gate: place },
            )),
            8 => {
                let fact = ApprovalAnswered { gate: place, answer };
                RunEvent::ApprovalAnswered(reported(number, "approval_granted", fact))
            }
            9 => RunEvent::Noted(reported(number, "checkpoint", Noted { place })),
            10 => RunEvent::Ended(reported(
                number,
                "workflow_complete",
                Ended { ending, error: None },
            )),
            11 => {
                let passed_at = place.clone();
                RunEvent::GateBypassed(GateBypassed {
                    gate: place,
                    asked_number,
                    passed_number,
                    passed_at,
                    claimed_number: None,
                })
            }
            12 => {
                let due_at = minute(number as i64 + 30);
                RunEvent::Stalled(Stalled { heard_at: minute(number as i64), due_at })
            }
            _ => {
                let disputed = Claim { content: Hash::of(b"other"), ..claim(number, "checkpoint") };
                let said = Said::Noted(Noted { place });
                let stands = claim(number, "checkpoint").content;
                RunEvent::ClaimDisputed(ClaimDisputed { stands, claim: disputed, said })
            }
        },
    )
}

/// Any event of a run.
pub(crate) fn any_event() -> impl Strategy<Value = RunEvent> {
    (1_u64..40).prop_flat_map(event_of)
}

/// Events of a run in which no two claims have one number, which is what the log holds.
pub(crate) fn any_claims() -> impl Strategy<Value = Vec<RunEvent>> {
    (1_usize..24).prop_flat_map(|count| (1..=count as u64).map(event_of).collect::<Vec<_>>())
}

fn artifact(n: u64) -> Artifact {
    Artifact {
        kind: "commit".into(),
        name: None,
        path: None,
        url: None,
        sha: Some(n.to_string()),
        size_bytes: None,
    }
}
