//! One event of a run as the view keeps it: what was claimed, when the log recorded it, and what
//! it says. What else the run wrote beside its claim stays on the log, where `event show` finds it.

use helmstream_schemas::{
    Hash, Record, Timestamp,
    run::{
        ApprovalAnswered, ApprovalAsked, ArtifactRecorded, Claim, Ended, GateBypassed, GateSettled,
        Merged, Noted, Observed, PhaseBegun, PhaseEnded, Place, Reported, Resumed, RunEvent,
        Stalled, Started, StepBegun, StepEnded,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::files::slim;

/// One event of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RunEntry")]
pub struct Entry {
    /// Its position on EVENTS.
    pub sequence: u64,
    /// Its event's id.
    pub id: Uuid,
    pub recorded_at: Timestamp,
    /// What the run itself reported; absent for what the plane says of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalls_at: Option<Timestamp>,
    pub what: What,
}

/// What an event says, under the event's own name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RunEntryWhat")]
pub enum What {
    Started(Started),
    Resumed(Resumed),
    PhaseBegun(PhaseBegun),
    PhaseEnded(PhaseEnded),
    StepBegun(StepBegun),
    StepEnded(StepEnded),
    ArtifactRecorded(ArtifactRecorded),
    ApprovalAsked(ApprovalAsked),
    ApprovalAnswered(ApprovalAnswered),
    Noted(Noted),
    Ended(Ended),
    Observed(Box<Observed>),
    GateSettled(GateSettled),
    GateBypassed(GateBypassed),
    ClaimDisputed(Disputed),
    Stalled(Stalled),
    Merged(Merged),
}

/// A claim that contradicts one that stands. The claim itself is the entry's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RunEntryDisputed")]
pub struct Disputed {
    /// Digest of the claim that stands.
    pub stands: Hash,
}

impl Entry {
    /// The entry of an event, as its record has it.
    pub(crate) fn of(record: &Record, id: Uuid, event: RunEvent) -> Self {
        let stalls_at = event.stalls_at();
        let (claim, what) = taken_apart(event);
        let claim =
            claim.map(|claim| Claim { rest: Default::default(), removed: Vec::new(), ..claim });
        Self {
            sequence: record.sequence,
            id,
            recorded_at: record.recorded_at,
            claim,
            stalls_at,
            what,
        }
    }

    /// The claim, unless it is one that is disputed: those count for nothing but the dispute.
    pub fn standing(&self) -> Option<&Claim> {
        self.claim.as_ref().filter(|_| !matches!(self.what, What::ClaimDisputed(_)))
    }

    /// Where in the pipeline it happened.
    pub fn place(&self) -> Option<&Place> {
        match &self.what {
            What::PhaseBegun(fact) => Some(&fact.place),
            What::PhaseEnded(fact) => Some(&fact.place),
            What::StepBegun(fact) => Some(&fact.place),
            What::StepEnded(fact) => Some(&fact.place),
            What::ArtifactRecorded(fact) => Some(&fact.place),
            What::Noted(fact) => Some(&fact.place),
            What::ApprovalAsked(fact) => Some(&fact.gate),
            What::ApprovalAnswered(fact) => Some(&fact.gate),
            What::GateSettled(fact) => Some(&fact.gate),
            What::GateBypassed(fact) => Some(&fact.gate),
            What::Started(_)
            | What::Resumed(_)
            | What::Ended(_)
            | What::Observed(_)
            | What::ClaimDisputed(_)
            | What::Stalled(_)
            | What::Merged(_) => None,
        }
    }
}

fn taken_apart(event: RunEvent) -> (Option<Claim>, What) {
    fn told<T>(reported: Reported<T>, what: fn(T) -> What) -> (Option<Claim>, What) {
        (Some(reported.claim), what(reported.fact))
    }
    match event {
        RunEvent::Started(event) => told(event, What::Started),
        RunEvent::Resumed(event) => told(event, What::Resumed),
        RunEvent::PhaseBegun(event) => told(event, What::PhaseBegun),
        RunEvent::PhaseEnded(event) => told(event, What::PhaseEnded),
        RunEvent::StepBegun(event) => told(event, What::StepBegun),
        RunEvent::StepEnded(event) => told(event, What::StepEnded),
        RunEvent::ArtifactRecorded(event) => told(event, What::ArtifactRecorded),
        RunEvent::ApprovalAsked(event) => told(event, What::ApprovalAsked),
        RunEvent::ApprovalAnswered(event) => told(event, What::ApprovalAnswered),
        RunEvent::Noted(event) => told(event, What::Noted),
        RunEvent::Ended(event) => told(event, What::Ended),
        RunEvent::Observed(event) => (None, What::Observed(slim(event))),
        RunEvent::GateSettled(event) => (None, What::GateSettled(event)),
        RunEvent::GateBypassed(event) => (None, What::GateBypassed(event)),
        RunEvent::ClaimDisputed(event) => {
            (Some(event.claim), What::ClaimDisputed(Disputed { stands: event.stands }))
        }
        RunEvent::Stalled(event) => (None, What::Stalled(event)),
        RunEvent::Merged(event) => (None, What::Merged(event)),
    }
}
