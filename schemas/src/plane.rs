//! Words of the context `plane`: the plane itself. Its founding is the first record of the log and
//! names the epoch that every checkpoint carries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Hash;

/// The identity of the one aggregate of this context.
pub const PLANE_ID: &str = "plane";

/// What can have happened to the plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaneEvent {
    /// The log was begun.
    Founded(Founded),
    /// The log was put back from a backup.
    Restored(Restored),
}

/// The log was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Founded {
    /// Tells this log from every other; kept by a restore.
    pub epoch: Uuid,
}

/// The log was put back from a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Restored {
    pub epoch: Uuid,
    /// Position of the last event that came back.
    pub head_sequence: u64,
    /// Hash of that event.
    pub head_hash: Hash,
}
