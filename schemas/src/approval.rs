//! Words of the context `approval`: a person's consent to one exact thing, asked for, answered,
//! and bounded in time. What is consented to is a gate of a run, by the digest of what was shown
//! there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Hash, Id, Timestamp, actor::Actor, run::Place};

/// What can be asked of an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalCommand {
    /// Ask for consent.
    Request(Box<Request>),
    /// Give it. Only a person may.
    Grant(Answer),
    /// Refuse it. Only a person may.
    Deny(Answer),
    /// Take the question back.
    Withdraw(Answer),
    /// A deadline has come: say that the question still stands open, if it does.
    Remind(Due),
    /// A deadline has come: close the question, if it still stands open.
    Expire(Due),
}

/// What can have happened to an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalEvent {
    /// Consent was asked for.
    Requested(Requested),
    /// While it stood open the same was asked with other content: what was shown before cannot be
    /// consented to any more.
    Renewed(Renewed),
    /// It stands open still, and not for much longer.
    Reminded(Reminded),
    /// A person consented.
    Granted(Answered),
    /// A person refused.
    Denied(Answered),
    /// The question was taken back.
    Withdrawn(Answered),
    /// Nobody answered in time.
    Expired(Expired),
}

/// What consent is asked for: a gate of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Gate {
    pub run: Id,
    /// The place before which the run waits.
    pub place: Place,
}

/// Ask for consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    pub gate: Gate,
    pub asked: Asked,
    /// For how many milliseconds the question stands open.
    pub open_for_ms: u64,
}

/// One asking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Asked {
    /// Digest of what was shown: consent is to exactly this.
    pub shown: Hash,
    /// What the asker says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    pub by: Actor,
    /// When a door received the question.
    pub at: Timestamp,
    /// Number of the run's claim that asked, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u64>,
}

/// Somebody's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    pub by: Actor,
    /// When a door received the answer.
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Digest of what the answer is about; if it is not what is asked for, the answer does not
    /// count. Absent: whatever is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Hash>,
}

/// A deadline has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Due {
    /// When the log recorded that the deadline fired.
    pub fired_at: Timestamp,
}

/// Consent was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requested {
    /// How often this was asked for after an earlier question was closed; the first is 1.
    pub round: u32,
    pub gate: Gate,
    pub asked: Asked,
    pub remind_at: Timestamp,
    pub expires_at: Timestamp,
}

/// What is shown changed while the question stood open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Renewed {
    pub round: u32,
    pub asked: Asked,
}

/// The question stands open still.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reminded {
    pub round: u32,
    pub expires_at: Timestamp,
}

/// The question was answered or taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answered {
    pub round: u32,
    pub gate: Gate,
    /// Digest of what was answered.
    pub shown: Hash,
    pub by: Actor,
    /// When a door received the answer.
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Nobody answered in time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expired {
    pub round: u32,
    pub gate: Gate,
    /// The deadline that came.
    pub due_at: Timestamp,
}
