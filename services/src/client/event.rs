//! Questions about events, whichever context they are of.

use std::str::FromStr;

use helmstream_projections::questions::{event, why};
use helmstream_schemas::{Attributes, Hash, Id, Record, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::list_rows;

/// Which events to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListRequest {
    /// A context's name.
    #[serde(default)]
    pub context: Option<String>,
    /// Of this aggregate only.
    #[serde(default)]
    pub aggregate: Option<Id>,
    /// A type as it stands in `ce-type`, or a word of a context such as `step_ended`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// From this position on EVENTS on.
    #[serde(default)]
    pub from_seq: u64,
    #[serde(default = "list_rows")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
    /// As of this position; of what is there now if absent.
    #[serde(default)]
    pub at: Option<u64>,
}

/// Events in the order of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct List {
    pub events: Vec<event::EventLine>,
    /// Where the next page begins, if there may be one.
    pub next: Option<u64>,
}

/// An event or a command, by its id; an event by its position as well. Written as either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Name {
    Id(Uuid),
    Sequence(u64),
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sequence = text.parse().map(Self::Sequence).ok();
        let name = sequence.or_else(|| text.parse().map(Self::Id).ok());
        name.ok_or_else(|| "neither a position nor an id".to_owned())
    }
}

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        match name {
            Name::Id(id) => id.to_string(),
            Name::Sequence(sequence) => sequence.to_string(),
        }
    }
}

/// Which event to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShowRequest {
    pub event: Name,
    /// As of this position; of what is there now if absent.
    #[serde(default)]
    pub at: Option<u64>,
}

/// An event whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Shown {
    #[serde(flatten)]
    pub event: event::EventShown,
}

/// Which event or command to explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhyRequest {
    pub event: Name,
    /// As of this position, without what came later; of what is there now if absent.
    #[serde(default)]
    pub at: Option<u64>,
}

/// The whole chain that an event belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    #[serde(flatten)]
    pub why: why::Why,
}

/// Which events to watch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TailRequest {
    /// From this position on; if absent, what is recorded from now on.
    #[serde(default)]
    pub from_seq: Option<u64>,
    /// A context's name.
    #[serde(default)]
    pub context: Option<String>,
    /// Of this aggregate only.
    #[serde(default)]
    pub aggregate: Option<String>,
    /// A type as it stands in `ce-type`, or a word of a context such as `step_ended`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

/// An event as it is told to whoever watches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    pub sequence: u64,
    pub subject: String,
    pub recorded_at: Timestamp,
    pub attributes: Attributes,
    /// The payload; a text where it is no JSON.
    pub data: Value,
    pub hash: Hash,
}

impl Told {
    pub fn of(record: Record) -> Self {
        let hash = Hash::of_record(&record);
        let Record { sequence, subject, recorded_at, attributes, payload, .. } = record;
        let data = serde_json::from_slice(&payload)
            .unwrap_or_else(|_| String::from_utf8_lossy(&payload).into_owned().into());
        Self { sequence, subject, recorded_at, attributes, data, hash }
    }
}
