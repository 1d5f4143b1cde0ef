//! The question whether the log, the ledger and the checkpoints of the views say the same. It takes
//! as long as the log is, so it is asked step by step: each answer says how far it has come, which
//! the next step is given.

use helmstream_projections::verify::{Causes, Difference, Walk};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The first step, or the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// From this position on EVENTS on, and of the other streams what was recorded since.
    pub from_seq: u64,
    /// How far the step before came.
    #[serde(default)]
    pub progress: Option<Progress>,
}

/// How far a comparison has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VerifyProgress")]
pub struct Progress {
    /// Checkpoints of views that fit the log.
    pub checkpoints: u64,
    /// Records that the views could not apply; they are compared as well, by what was kept.
    pub parked: u64,
    /// COMMANDS first, because events name commands.
    pub streams: Vec<Walk>,
    /// Events whose cause is the record they say.
    pub causes: Causes,
    /// Whether the ledger held every command when it began.
    pub has_all_commands: bool,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VerifyStep")]
pub struct Step {
    pub progress: Progress,
    pub is_done: bool,
    /// The first difference; nothing is compared after it.
    pub difference: Option<Difference>,
}
