//! The question where every view stands.

use helmstream_projections::questions::projection::ProjectionLine;
use serde::{Deserialize, Serialize};

/// Where every view stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct List {
    pub projections: Vec<Standing>,
}

/// Where a view stands on one stream, and how far behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    #[serde(flatten)]
    pub line: ProjectionLine,
    /// The last position of the stream.
    pub head_seq: u64,
    /// Records of the stream that the view has not read yet.
    pub lag: u64,
}
