//! The one question that whoever meets an error asks: again, never, or call somebody?

/// What a caller should do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The world may be different in a moment: wait a little and do the same again.
    Retry,
    /// What was asked can never succeed as asked; tell the asker.
    Refuse,
    /// Going on would do harm or is pointless; a person has to look.
    Stop,
}
