//! Moments of the log, and views as they were then.

use std::str::FromStr;

use helmstream_schemas::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A moment as it is asked for: a position, or a time as in RFC 3339. Written as either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum When {
    /// Once the event at this position was recorded.
    Sequence(u64),
    /// Once the last event was that was recorded by then.
    Time(Timestamp),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sequence = text.parse().map(Self::Sequence).ok();
        let when = sequence.or_else(|| Timestamp::parse(text).map(Self::Time).ok());
        when.ok_or_else(|| "neither a position nor a time as in RFC 3339".to_owned())
    }
}

impl TryFrom<String> for When {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<When> for String {
    fn from(when: When) -> Self {
        match when {
            When::Sequence(sequence) => sequence.to_string(),
            When::Time(time) => time.to_string(),
        }
    }
}

/// A moment of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// The position of its last event.
    pub sequence: u64,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// What time it was: the time that was asked for, or that of its last event.
    pub now: Timestamp,
}

/// Which view, as of which position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    pub view: String,
    pub at: u64,
}

/// How a view as of a position stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It can be asked; this version of the view speaks.
    Ready { version: u32 },
    /// Of the events from this position on, those up to that one were read.
    Building { from: u64, read_to: u64 },
}
