//! What every report of a run carries, and the words a claim is made of. Every word is read in all
//! spellings met in the field; one that is unknown is `Other`, never an error.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Timestamp;

/// What every report carries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Claim {
    /// The run's own counter. It may have gaps, repeat, and arrive out of order.
    pub number: u64,
    /// FABER's own word for it, such as `step_complete`.
    pub word: String,
    /// Digest of what the run wrote, after cleaning: two claims of one number are the same claim
    /// if this is the same.
    pub content: crate::Hash,
    /// When the run says that it happened; absent if what it wrote cannot be read as an instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_at: Option<Timestamp>,
    /// The time as written, where it cannot be read as an instant (no zone, for one).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_text: Option<String>,
    /// When the door received it.
    pub received_at: Timestamp,
    /// By how many milliseconds the claimed time lies after the receipt, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ahead_ms: Option<u64>,
    /// Opaque id of the person whom the run names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// The status as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<u64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// Whatever else the run wrote, as it wrote it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub rest: Map<String, Value>,
    /// What the door took out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Removal>,
}

/// Something the door took out before anything was stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Removal {
    /// Where, as an RFC 6901 pointer into what was published, or the name of an attribute.
    pub at: String,
    /// What kind of value, such as `github_token` or `email_address`.
    pub what: String,
}

/// The five phases of FABER, and any other word.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    Frame,
    Architect,
    Build,
    Evaluate,
    Release,
    Other,
}

/// Where in the pipeline something happened.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema,
)]
pub struct Place {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The phase as written, where it is none of FABER's five.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
}

/// How much a run may do without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Autonomy {
    DryRun,
    Assist,
    Guarded,
    Autonomous,
    Other,
}

/// How a phase, a step or a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    Completed,
    Warning,
    Failed,
    Skipped,
    Cancelled,
    Other,
}

/// Something a run made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// `branch`, `commit`, `spec`, `pr`, `deployment`, `tag`, `document`, `file`, or as written.
    #[serde(rename = "type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
}

impl Phase {
    /// The phase that a word means; unknown words are `Other`.
    pub fn read(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "frame" => Self::Frame,
            "architect" => Self::Architect,
            "build" => Self::Build,
            "evaluate" => Self::Evaluate,
            "release" => Self::Release,
            _ => Self::Other,
        }
    }

    /// The phase's one word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Frame => "frame",
            Self::Architect => "architect",
            Self::Build => "build",
            Self::Evaluate => "evaluate",
            Self::Release => "release",
            Self::Other => "other",
        }
    }
}

impl Autonomy {
    /// The autonomy that a word means, in every spelling met; unknown words are `Other`.
    pub fn read(word: &str) -> Self {
        match word.trim().to_ascii_lowercase().as_str() {
            "dry-run" | "dry_run" => Self::DryRun,
            "assist" | "assisted" | "supervised" => Self::Assist,
            "guarded" => Self::Guarded,
            "autonomous" => Self::Autonomous,
            _ => Self::Other,
        }
    }

    /// Whether a gate of such a run has to be answered by somebody before the run goes on.
    pub const fn waits_at_gates(self) -> bool {
        matches!(self, Self::Assist | Self::Guarded)
    }
}

impl Ending {
    /// The ending that a status means, in every spelling met; unknown words are `Other`.
    pub fn of(status: &str) -> Self {
        match status.trim().to_ascii_lowercase().as_str() {
            "completed" | "complete" | "success" | "succeeded" | "passed" => Self::Completed,
            "warning" | "partial" => Self::Warning,
            "failed" | "failure" | "error" => Self::Failed,
            "skipped" => Self::Skipped,
            "cancelled" | "canceled" => Self::Cancelled,
            _ => Self::Other,
        }
    }
}
