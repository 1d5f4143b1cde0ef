//! Where every view stands, and having one folded anew, swapped, and mended.

use helmstream_projections::{
    edition::Edition,
    questions::projection::{ParkedLine, ProjectionLine},
    redrive::Redriven,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list_rows;

/// Where every view stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProjectionList")]
pub struct List {
    pub projections: Vec<Standing>,
}

/// Where an edition of a view stands on one stream, and how far behind it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProjectionStanding")]
pub struct Standing {
    #[serde(flatten)]
    pub line: ProjectionLine,
    /// The last position of the stream.
    pub head_seq: u64,
    /// Records of the stream that the view has not read yet.
    pub lag: u64,
}

/// Which view, by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ViewRequest {
    pub view: String,
}

/// Which edition shall serve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SwapRequest {
    pub view: String,
    /// Without one, the one that stands by.
    pub edition: Option<String>,
}

/// Which edition serves, and which did until now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EditionsSwapped")]
pub struct Swapped {
    pub serving: Edition,
    pub standby: Edition,
}

/// The editions that were dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EditionsDropped")]
pub struct Dropped {
    pub dropped: Vec<Edition>,
}

/// What to list of that which could not be applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParkedRequest {
    /// Without one, of every view.
    pub view: Option<String>,
    #[serde(default = "list_rows")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
}

/// What could not be applied, in the order of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ParkedList")]
pub struct Parked {
    pub parked: Vec<ParkedLine>,
}

/// What came of a redrive of each edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EditionsMended")]
pub struct Mended {
    pub editions: Vec<MendedEdition>,
}

/// What came of a redrive of one edition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EditionMended")]
pub struct MendedEdition {
    #[serde(flatten)]
    pub edition: Edition,
    #[serde(flatten)]
    pub redriven: Redriven,
}
