//! One stored message of one of our streams, whichever it is: what was said, and what the log
//! itself says of it. The form in which records are hashed is in `hash`.

use crate::{Attributes, Timestamp};

/// A message as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The stream's name, such as `EVENTS`.
    pub stream: String,
    /// The subject it is stored under.
    pub subject: String,
    /// Its position in the stream, from 1.
    pub sequence: u64,
    /// When the log stored it; the log's own clock, never a publisher's.
    pub recorded_at: Timestamp,
    /// Its CloudEvents attributes, without the `ce-` prefix.
    pub attributes: Attributes,
    /// The bytes as stored.
    pub payload: Vec<u8>,
}
