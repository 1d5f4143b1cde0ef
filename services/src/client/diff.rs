//! Questions about what changed between two moments.

pub use helmstream_projections::questions::changes::{Change, Field, Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list_rows;

/// Between which positions, and in which view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    pub view: String,
    pub from: u64,
    pub to: u64,
    /// The `next` of the page before.
    #[serde(default)]
    pub after: Option<u64>,
    #[serde(default = "list_rows")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
}

/// What changed, in the order of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ViewDiff")]
pub struct Diff {
    pub from_seq: u64,
    pub changes: Vec<Change>,
    /// Where the next page begins, if there may be one.
    pub next: Option<u64>,
}
