//! What FABER's event envelope means: which of the things a run can say it is, read tolerantly.
//! Every word is kept as written beside its meaning; a word without a meaning is noted.

use helmstream_schemas::{
    Hash, Id, Timestamp,
    faber::Envelope,
    run::{
        Answer, ApprovalAnswered, ApprovalAsked, Artifact, ArtifactRecorded, Autonomy, Claim,
        Ended, Ending, Fault, Noted, Phase, PhaseBegun, PhaseEnded, Place, Removal, Report,
        Resumed, Said, Started, StepBegun, StepEnded,
    },
};
use serde_json::{Map, Value};

use super::{Arrival, Dead, cloudevent::CloudEvent, fields, names::names};

/// Whether a CloudEvents type says that its data is FABER's envelope: one of its dotted parts is
/// `faber`.
pub(super) fn is_faber(kind: &str) -> bool {
    kind.split('.').any(|part| part.eq_ignore_ascii_case("faber"))
}

/// The names of the run and what is reported of it.
pub(super) fn report(
    event: &CloudEvent,
    removed: Vec<Removal>,
    arrival: &Arrival<'_>,
) -> Result<(Vec<Id>, Report), Dead> {
    let data = event.data.clone().unwrap_or(Value::Null);
    let content = Hash::of_json(&data);
    let envelope: Envelope = serde_json::from_value(data).map_err(|error| {
        Dead::new(
            "not_a_faber_event",
            format!("`data` is not FABER's event envelope: {error}"),
            "`data` holds event_id, type, timestamp and run_id as FABER's emitter writes them",
        )
    })?;
    let names = names(&envelope.run_id, &envelope.metadata)?;
    let said = said(&envelope);
    Ok((names, Report { claim: claim(envelope, content, removed, arrival.received_at), said }))
}

fn claim(
    envelope: Envelope,
    content: Hash,
    removed: Vec<Removal>,
    received_at: Timestamp,
) -> Claim {
    let claimed_at = Timestamp::parse(&envelope.timestamp).ok();
    let ahead = claimed_at.and_then(|claimed| claimed.since(received_at));
    let mut rest = envelope.other;
    if !envelope.metadata.is_empty() {
        rest.insert("metadata".into(), Value::Object(envelope.metadata));
    }
    if let Some(source) = envelope.source {
        rest.insert("source".into(), Value::String(source));
    }
    Claim {
        number: envelope.event_id,
        word: envelope.kind,
        content,
        claimed_at,
        claimed_text: claimed_at.is_none().then_some(envelope.timestamp),
        received_at,
        ahead_ms: ahead.map(|ahead| u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX)),
        person: envelope.user,
        status: envelope.status,
        message: envelope.message,
        duration_ms: envelope.duration_ms,
        artifacts: envelope.artifacts.iter().map(artifact).collect(),
        rest,
        removed,
    }
}

/// What a word of FABER's means, in every spelling met (`workflow:start`, `workflow_fail` …).
fn said(envelope: &Envelope) -> Said {
    let place = place(envelope.phase.as_deref(), envelope.step.clone());
    let has_phase = place.phase.is_some();
    let has_step = place.step.is_some();
    let error = envelope.error.as_ref().map(fault);
    let ending = |unsaid| envelope.status.as_deref().map_or(unsaid, Ending::of);
    let word = envelope.kind.trim().to_ascii_lowercase().replace([':', '-'], "_");
    match word.as_str() {
        "workflow_start" => Said::Started(started(&envelope.metadata)),
        "workflow_resumed" | "workflow_resume" => Said::Resumed(Resumed { rerun: false }),
        "workflow_rerun" => Said::Resumed(Resumed { rerun: true }),
        "workflow_complete" => Said::Ended(Ended { ending: ending(Ending::Completed), error }),
        "workflow_error" | "workflow_fail" | "workflow_failed" => {
            Said::Ended(Ended { ending: Ending::Failed, error })
        }
        "workflow_cancelled" | "workflow_cancel" => {
            Said::Ended(Ended { ending: Ending::Cancelled, error })
        }
        "phase_start" if has_phase => Said::PhaseBegun(PhaseBegun { place }),
        "phase_complete" if has_phase => {
            Said::PhaseEnded(PhaseEnded { place, ending: ending(Ending::Completed), error })
        }
        "phase_skip" if has_phase => {
            Said::PhaseEnded(PhaseEnded { place, ending: Ending::Skipped, error })
        }
        "phase_error" | "phase_fail" if has_phase => {
            Said::PhaseEnded(PhaseEnded { place, ending: Ending::Failed, error })
        }
        "step_start" if has_step => Said::StepBegun(StepBegun { place, again: false }),
        "step_retry" | "retry_attempt" if has_step => {
            Said::StepBegun(StepBegun { place, again: true })
        }
        "step_complete" if has_step => {
            Said::StepEnded(StepEnded { place, ending: ending(Ending::Completed), error })
        }
        "step_skip" if has_step => {
            Said::StepEnded(StepEnded { place, ending: Ending::Skipped, error })
        }
        "step_error" | "step_fail" | "step_failed" if has_step => {
            Said::StepEnded(StepEnded { place, ending: Ending::Failed, error })
        }
        "artifact_create" | "artifact_modify" | "commit_create" | "branch_create" | "pr_create"
        | "pr_merge" | "spec_generate" => Said::ArtifactRecorded(ArtifactRecorded { place }),
        "approval_request" => Said::ApprovalAsked(ApprovalAsked { gate: place }),
        "decision_point" if names_a_gate(envelope) => {
            Said::ApprovalAsked(ApprovalAsked { gate: place })
        }
        "approval_granted" => {
            Said::ApprovalAnswered(ApprovalAnswered { gate: place, answer: Answer::Granted })
        }
        "approval_denied" => {
            Said::ApprovalAnswered(ApprovalAnswered { gate: place, answer: Answer::Denied })
        }
        _ => Said::Noted(Noted { place }),
    }
}

/// A decision point is a gate that was reached if it says so: by `metadata.gate`, or by a whole
/// word of its message. Runs that skip their gate often leave nothing else behind.
fn names_a_gate(envelope: &Envelope) -> bool {
    let said = envelope.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let mut words = said.split(|c: char| !c.is_alphanumeric());
    envelope.metadata.contains_key("gate")
        || words.any(|word| matches!(word, "gate" | "approval" | "approve"))
}

/// A place in the pipeline by the words for it.
pub(super) fn place(phase: Option<&str>, step: Option<String>) -> Place {
    let read = phase.map(Phase::read);
    Place {
        phase: read,
        phase_text: phase.filter(|_| read == Some(Phase::Other)).map(str::to_owned),
        step: step.filter(|step| !step.is_empty()),
    }
}

fn started(metadata: &Map<String, Value>) -> Started {
    let autonomy_text = text(metadata, "autonomy");
    Started {
        work_id: text(metadata, "work_id"),
        workflow_id: text(metadata, "workflow_id"),
        autonomy: autonomy_text.as_deref().map(Autonomy::read),
        autonomy_text,
        title: text(metadata, "issue_title").or_else(|| text(metadata, "target")),
    }
}

/// Something that was made, as FABER writes it: an object, or its name alone.
pub(super) fn artifact(value: &Value) -> Artifact {
    let empty = Map::new();
    let held = value.as_object().unwrap_or(&empty);
    Artifact {
        kind: text(held, "type").unwrap_or_else(|| "other".into()),
        name: text(held, "name").or_else(|| value.as_str().map(str::to_owned)),
        path: text(held, "path"),
        url: text(held, "url"),
        sha: text(held, "sha"),
        size_bytes: held.get("size_bytes").and_then(Value::as_u64),
    }
}

fn fault(value: &Value) -> Fault {
    let empty = Map::new();
    let held = value.as_object().unwrap_or(&empty);
    Fault {
        code: text(held, "code"),
        message: text(held, "message").or_else(|| value.as_str().map(str::to_owned)),
        recoverable: held.get("recoverable").and_then(Value::as_bool),
    }
}

fn text(held: &Map<String, Value>, key: &str) -> Option<String> {
    fields::text(held.get(key)?)
}
