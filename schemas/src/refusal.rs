//! What every aggregate's log may hold beside its context's own events: the refusal of a command.
//! A refusal is a record, so that a refused command stays refused for ever.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::limits::DETAIL_BYTES_MAX;

/// The event's name in every context.
pub const COMMAND_REFUSED: &str = "command_refused";

/// The reason of a refusal in every context: the aggregate is not as whoever asked expected it.
pub const CHANGED_SINCE: &str = "changed_since";

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

/// A detail within `DETAIL_BYTES_MAX`: what is longer is cut, and says so.
pub fn bounded_detail(mut detail: String) -> String {
    if detail.len() > DETAIL_BYTES_MAX {
        let end = (0..=DETAIL_BYTES_MAX).rev().find(|at| detail.is_char_boundary(*at));
        detail.truncate(end.unwrap_or(0));
        detail.push_str(" … (cut)");
    }
    detail
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_detail_is_cut_between_characters() {
        assert_eq!(bounded_detail("short".into()), "short");
        let exact = "x".repeat(DETAIL_BYTES_MAX);
        assert_eq!(bounded_detail(exact.clone()), exact);
        let cut = bounded_detail("é".repeat(DETAIL_BYTES_MAX));
        assert_eq!(cut, format!("{} … (cut)", "é".repeat(DETAIL_BYTES_MAX / 2)));
    }
}
