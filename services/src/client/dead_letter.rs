//! Questions about what could not be read.

use helmstream_projections::questions::dead_letter::DeadLetterShown;
use serde::{Deserialize, Serialize};

/// Which dead letters to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRequest {
    pub limit: u32,
    /// The `next` of the page before.
    #[serde(default)]
    pub before: Option<u64>,
}

/// Dead letters, the latest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct List {
    pub dead_letters: Vec<DeadLetterShown>,
    /// Where the next page begins, if there may be one.
    pub next: Option<u64>,
}

/// Which dead letter to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShowRequest {
    /// Position in INBOX of the publish that it was.
    pub inbox_sequence: u64,
}

/// A dead letter, and a shown form of what was published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shown {
    #[serde(flatten)]
    pub dead_letter: DeadLetterShown,
    /// What was published, without secrets and personal values: never the raw bytes. Absent once
    /// it is too old to be kept. Bytes that are no UTF-8 stand as `\xff`.
    pub shown: Option<String>,
}
