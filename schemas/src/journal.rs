//! Words of the journal: outcomes that leave no event. That a publish became a command needs no
//! entry here, because the command's own record carries its position in INBOX (ADR 0003).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An outcome that leaves no event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JournalEntry {
    /// The same publish was accepted before.
    DuplicateOf(DuplicateOf),
    /// A command that changes nothing.
    Unchanged(Unchanged),
    /// A publish that could not be read.
    DeadLetter(DeadLetter),
    /// Positions of INBOX that vanished without an outcome.
    Lost(Lost),
}

/// The same (publisher, source, id) with the same content was accepted before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DuplicateOf {
    pub inbox_sequence: u64,
    /// Position in INBOX of the one that was accepted.
    pub first_inbox_sequence: u64,
}

/// A command that was decided and changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unchanged {
    pub command_id: Uuid,
    pub context: String,
    pub aggregate: String,
    /// The publish that became the command, if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inbox_sequence: Option<u64>,
}

/// A publish that could not be read and is kept whole in DEADLETTERS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetter {
    pub inbox_sequence: u64,
    /// Position in DEADLETTERS of the whole message.
    pub dead_sequence: u64,
    pub publisher: String,
    /// A word for the reason, the same for every dead letter of that reason.
    pub reason: String,
    pub detail: String,
    pub hint: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// Positions of INBOX, both ends included, that vanished without an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Lost {
    pub first_inbox_sequence: u64,
    pub last_inbox_sequence: u64,
}
