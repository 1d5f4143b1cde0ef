//! A run in one line: what a list shows. What it adds up from is in `state`.

use helmstream_schemas::{
    Id, Timestamp,
    run::{Autonomy, Ending},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunSummary {
    pub status: RunStatus,
    /// The phase of the last claim that names one.
    pub phase: Option<String>,
    pub work_id: Option<String>,
    pub workflow_id: Option<String>,
    pub autonomy: Option<String>,
    pub title: Option<String>,
    /// When the run says that it first started.
    pub started_at: Option<Timestamp>,
    /// When the door last received something of it.
    pub heard_at: Option<Timestamp>,
    /// When the run says that it ended, if it is over.
    pub ended_at: Option<Timestamp>,
    /// Claims that stand.
    pub claims: u32,
    /// Gates that were passed without a grant and have none yet.
    pub bypasses_open: u32,
    pub disputes: u32,
    /// Where what its files say cannot all be true.
    pub contradictions: u32,
    /// The older run that this one proved to be.
    pub merged_into: Option<Id>,
    /// Position of its first event; lists are in this order.
    pub first_seq: u64,
    pub last_seq: u64,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Running,
    /// Its state says that it has not begun.
    Pending,
    /// Its state says that it waits.
    Paused,
    /// Nothing was heard of it for a while.
    Stalled,
    Completed,
    /// It completed, with warnings.
    Warning,
    Failed,
    Skipped,
    Cancelled,
    /// It ended in a way that has no word here.
    Ended,
    /// It proved to be another run.
    Merged,
}

impl RunStatus {
    pub const ALL: [RunStatus; 11] = [
        Self::Running,
        Self::Pending,
        Self::Paused,
        Self::Stalled,
        Self::Completed,
        Self::Warning,
        Self::Failed,
        Self::Skipped,
        Self::Cancelled,
        Self::Ended,
        Self::Merged,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Pending => "pending",
            Self::Paused => "paused",
            Self::Stalled => "stalled",
            Self::Completed => "completed",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Ended => "ended",
            Self::Merged => "merged",
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    pub(super) const fn of(ending: Ending) -> Self {
        match ending {
            Ending::Completed => Self::Completed,
            Ending::Warning => Self::Warning,
            Ending::Failed => Self::Failed,
            Ending::Skipped => Self::Skipped,
            Ending::Cancelled => Self::Cancelled,
            Ending::Other => Self::Ended,
        }
    }
}

/// The word of an autonomy that has one here.
pub(super) const fn autonomy_word(autonomy: Autonomy) -> Option<&'static str> {
    match autonomy {
        Autonomy::DryRun => Some("dry_run"),
        Autonomy::Assist => Some("assist"),
        Autonomy::Guarded => Some("guarded"),
        Autonomy::Autonomous => Some("autonomous"),
        Autonomy::Other => None,
    }
}
