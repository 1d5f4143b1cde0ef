//! What became of a publish: exactly one of these, for every message the door accepted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The outcome of one publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It became an event (the last, if the decision had several).
    Event { sequence: u64, id: Uuid, context: String, aggregate: String, name: String },
    /// It was valid, has no meaning here, and was kept as a fact of its source.
    ExternalFact { sequence: u64, id: Uuid, source: String },
    /// What it says was known already.
    Unchanged { command_id: Uuid, context: String, aggregate: String },
    /// The same publish was accepted before.
    DuplicateOf { first_inbox_sequence: u64 },
    /// It should not have been asked.
    Refused { sequence: u64, command_id: Uuid, reason: String, detail: String },
    /// It could not be read and is kept whole.
    DeadLetter { dead_sequence: u64, reason: String, detail: String, hint: String },
    /// It was stored in INBOX and vanished from there without an outcome.
    Lost,
}

impl Outcome {
    /// The outcome's one word, as it is counted and shown.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Event { .. } => "event",
            Self::ExternalFact { .. } => "external fact",
            Self::Unchanged { .. } => "unchanged",
            Self::DuplicateOf { .. } => "duplicate of",
            Self::Refused { .. } => "refused",
            Self::DeadLetter { .. } => "dead letter",
            Self::Lost => "lost",
        }
    }
}

/// An outcome and the position in INBOX of the publish it is of; what is sent to an asker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reply {
    pub inbox_sequence: u64,
    #[serde(flatten)]
    pub outcome: Outcome,
}
