//! What every aggregate's log may hold beside its context's own events: the refusal of a command.
//! A refusal is a record, so that a refused command stays refused for ever.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The event's name in every context.
pub const COMMAND_REFUSED: &str = "command_refused";

/// A command that should not have been asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandRefused {
    /// The command that was refused.
    pub command_id: Uuid,
    /// The command's name, such as `merge`.
    pub command: String,
    /// A word for the reason, the same for every refusal of that reason.
    pub reason: String,
    /// The reason in a sentence, with its particulars.
    pub detail: String,
}
