//! Moments of the log, and views as they were then.

use std::str::FromStr;

use helmstream_schemas::{Timestamp, time::TimeError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A moment as it is asked for: a position, or a time as in RFC 3339. Written as either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "WhenWritten", inline)]
pub enum When {
    /// Once the event at this position was recorded.
    Sequence(u64),
    /// Once the last event was that was recorded by then.
    Time(Timestamp),
}

/// The same as it is described.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
#[expect(dead_code, reason = "it is only described")]
enum WhenWritten {
    Sequence(u64),
    Time(Timestamp),
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(sequence) = text.parse() {
            return Ok(Self::Sequence(sequence));
        }
        Timestamp::parse(text).map(Self::Time).map_err(|error| match error {
            TimeError::OutOfRange(_) => error.to_string(),
            TimeError::NotRfc3339(_) => "neither a position nor a time as in RFC 3339".to_owned(),
        })
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
#[schemars(rename = "LogMoment")]
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
#[schemars(rename = "PastStanding")]
pub enum Standing {
    /// It can be asked; this version of the view speaks.
    Ready { version: u32 },
    /// Of the events from this position on, those up to that one were read.
    Building { from: u64, read_to: u64 },
}
