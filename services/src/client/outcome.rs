//! The question what became of a publish or a command.

use helmstream_schemas::outcome::Outcome;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Of what the outcomes are asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// Positions in INBOX.
    #[serde(default)]
    pub inbox_sequences: Vec<u64>,
    #[serde(default)]
    pub command_ids: Vec<Uuid>,
}

/// Outcomes in the order in which they were asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OutcomeList")]
pub struct List {
    pub outcomes: Vec<Found>,
}

/// The outcome of one publish or command.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OutcomeFound")]
pub struct Found {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox_sequence: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command_id: Option<Uuid>,
    /// Absent while there is none yet.
    #[serde(flatten)]
    pub outcome: Option<Outcome>,
}
