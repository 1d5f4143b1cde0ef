//! What can happen to a run: the events, what a report can say, and the facts they hold. A new
//! event of a run is named here, decided in the core, and folded in its view.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Autonomy, Claim, Ending, Observed, Place, Settled};
use crate::{Id, Timestamp, actor::Actor};

/// What a report can say. Each becomes the event of the same name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Said {
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
}

/// What can have happened to a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunEvent {
    /// The pipeline began.
    Started(Reported<Started>),
    /// The pipeline went on, or began again, after a pause or an end.
    Resumed(Reported<Resumed>),
    /// A phase began.
    PhaseBegun(Reported<PhaseBegun>),
    /// A phase ended, was skipped, or failed.
    PhaseEnded(Reported<PhaseEnded>),
    /// A step began.
    StepBegun(Reported<StepBegun>),
    /// A step ended, was skipped, or failed.
    StepEnded(Reported<StepEnded>),
    /// The run made, changed or merged something.
    ArtifactRecorded(Reported<ArtifactRecorded>),
    /// A gate was reached and its approval asked.
    ApprovalAsked(Reported<ApprovalAsked>),
    /// The run says that its gate was answered. A claim: no gate passes by it.
    ApprovalAnswered(Reported<ApprovalAnswered>),
    /// Something worth a line in the timeline and nothing more.
    Noted(Reported<Noted>),
    /// The pipeline ended.
    Ended(Reported<Ended>),
    /// A file of the run was seen, and told something new.
    Observed(Box<Observed>),
    /// The approval of a gate was closed.
    GateSettled(GateSettled),
    /// The run went on past a gate that had no grant.
    GateBypassed(GateBypassed),
    /// Two claims of one number say different things; the first stands.
    ClaimDisputed(ClaimDisputed),
    /// Nothing was heard of the run for a while.
    Stalled(Stalled),
    /// The run proved to be another one under a second name.
    Merged(Merged),
}

/// A fact that the run itself reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reported<T> {
    pub claim: Claim,
    /// When the run counts as stalled if nothing more is heard; absent if this report is too old
    /// to expect anything after it, or ends the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalls_at: Option<Timestamp>,
    pub fact: T,
}

impl RunEvent {
    /// The claim that a fact was reported with, if the run itself reported it.
    pub fn claim(&self) -> Option<&Claim> {
        Some(match self {
            Self::Started(e) => &e.claim,
            Self::Resumed(e) => &e.claim,
            Self::PhaseBegun(e) => &e.claim,
            Self::PhaseEnded(e) => &e.claim,
            Self::StepBegun(e) => &e.claim,
            Self::StepEnded(e) => &e.claim,
            Self::ArtifactRecorded(e) => &e.claim,
            Self::ApprovalAsked(e) => &e.claim,
            Self::ApprovalAnswered(e) => &e.claim,
            Self::Noted(e) => &e.claim,
            Self::Ended(e) => &e.claim,
            Self::ClaimDisputed(e) => &e.claim,
            Self::Observed(_)
            | Self::GateSettled(_)
            | Self::GateBypassed(_)
            | Self::Stalled(_)
            | Self::Merged(_) => return None,
        })
    }

    /// When the run counts as stalled if nothing more is heard, where this event says so.
    pub fn stalls_at(&self) -> Option<Timestamp> {
        match self {
            Self::Started(e) => e.stalls_at,
            Self::Resumed(e) => e.stalls_at,
            Self::PhaseBegun(e) => e.stalls_at,
            Self::PhaseEnded(e) => e.stalls_at,
            Self::StepBegun(e) => e.stalls_at,
            Self::StepEnded(e) => e.stalls_at,
            Self::ArtifactRecorded(e) => e.stalls_at,
            Self::ApprovalAsked(e) => e.stalls_at,
            Self::ApprovalAnswered(e) => e.stalls_at,
            Self::Noted(e) => e.stalls_at,
            Self::Ended(e) => e.stalls_at,
            Self::Observed(e) => e.stalls_at,
            Self::ClaimDisputed(_)
            | Self::GateSettled(_)
            | Self::GateBypassed(_)
            | Self::Stalled(_)
            | Self::Merged(_) => None,
        }
    }
}

/// The pipeline began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Started {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy: Option<Autonomy>,
    /// The autonomy as written, where it is not the canonical word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// The pipeline went on or began again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Resumed {
    /// It began from the start rather than going on.
    pub rerun: bool,
}

/// A phase began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseBegun {
    pub place: Place,
}

/// A phase ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseEnded {
    pub place: Place,
    pub ending: Ending,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
}

/// A step began.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepBegun {
    pub place: Place,
    /// It was begun before in this run.
    pub again: bool,
}

/// A step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepEnded {
    pub place: Place,
    pub ending: Ending,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
}

/// The run made, changed or merged what the claim's artifacts name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArtifactRecorded {
    pub place: Place,
}

/// A gate was reached and its approval asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalAsked {
    /// The gate is the place before which it stands.
    pub gate: Place,
}

/// What the run says was answered at its gate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalAnswered {
    pub gate: Place,
    pub answer: Answer,
}

/// An answer at a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Granted,
    Denied,
}

/// Something worth a line in the timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Noted {
    pub place: Place,
}

/// The pipeline ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    pub ending: Ending,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Fault>,
}

/// What a run says went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recoverable: Option<bool>,
}

/// The approval of a gate was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GateSettled {
    /// The place before which the run waits.
    pub gate: Place,
    pub approval: Id,
    pub outcome: Settled,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Number of the last claim that had asked at this gate by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_number: Option<u64>,
    /// Bypasses on the log, by the number of the claim that passed, that were none: the grant was
    /// there before the run went on, and the plane told the run late.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_time_for: Vec<u64>,
}

/// The run went on past a gate that had no grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GateBypassed {
    pub gate: Place,
    /// Number of the claim that asked.
    pub asked_number: u64,
    /// Number of the first claim by which the run went on.
    pub passed_number: u64,
    /// Where it went on.
    pub passed_at: Place,
    /// Number of the claim in which the run itself says that the gate was granted, if it says so.
    /// A claim passes no gate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_number: Option<u64>,
}

/// Two claims of one number say different things.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClaimDisputed {
    /// The claim that stands: its digest.
    pub stands: crate::Hash,
    /// The one that came later, whole.
    pub claim: Claim,
    pub said: Said,
}

/// Nothing was heard of the run for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stalled {
    /// When the door last received something of the run.
    pub heard_at: Timestamp,
    /// The deadline that came.
    pub due_at: Timestamp,
}

/// The run proved to be another one under a second name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Merged {
    /// The older run, which stays.
    pub into: Id,
}
