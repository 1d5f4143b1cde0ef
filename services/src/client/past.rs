//! Moments of the log, and views as they were then.

use helmstream_schemas::Timestamp;
use serde::{Deserialize, Serialize};

/// A moment as it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Once the event at this position was recorded.
    Sequence(u64),
    /// Once the last event was that was recorded by then.
    Time(Timestamp),
}

/// A moment of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The position of its last event.
    pub sequence: u64,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// What time it was: the time that was asked for, or that of its last event.
    pub now: Timestamp,
}

/// Which view, as of which position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    pub view: String,
    pub at: u64,
}

/// How a view as of a position stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It can be asked; this version of the view speaks.
    Ready { version: u32 },
    /// Of the events from this position on, those up to that one were read.
    Building { from: u64, read_to: u64 },
}
