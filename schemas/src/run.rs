//! Words of the context `run`: what a FABER pipeline says of its run, and what the plane makes of
//! it. What a run says is a claim: it keeps its own number, its own time and the time at which the
//! door received it, side by side.

mod claim;
mod events;
mod observation;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Id, Timestamp, actor::Actor};

pub use self::{claim::*, events::*, observation::*};

/// What can be asked of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunCommand {
    /// A pipeline reports something of its run.
    Report(Box<Report>),
    /// A file of the run was seen.
    Observe(Box<Observe>),
    /// The approval of a gate was closed.
    Settle(Settle),
    /// A deadline has come: say that the run stalled, if it did.
    Stall(Stall),
    /// The run proved to be another one under a second name.
    Merge(Merge),
}

/// A pipeline reports something of its run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    pub claim: Claim,
    pub said: Said,
}

/// A deadline has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Stall {
    /// When the log recorded that the deadline fired.
    pub fired_at: Timestamp,
}

/// The run proved to be another one under a second name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Merge {
    /// The older run, which stays.
    pub into: Id,
}

/// The approval of a gate was closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Settle {
    /// The place before which the run waits.
    pub gate: Place,
    pub approval: Id,
    pub outcome: Settled,
    /// Who answered; absent if nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Actor>,
    /// When it was closed.
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How an approval was closed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    Granted,
    Denied,
    Withdrawn,
    Expired,
}
