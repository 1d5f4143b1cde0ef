//! Questions about what could not be read, and what can be decided about it.

use helmstream_projections::questions::{
    cursor::Cursor,
    dead_letter::{DeadLetterShown, DeadLetterWhole},
    order::Order,
};
use helmstream_schemas::{Actor, Expected, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{list_rows, publish::Settled};

/// Which dead letters to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListRequest {
    /// Those as well that were retried or discarded.
    #[serde(default)]
    pub all: bool,
    #[serde(default = "list_rows")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
    /// By which field, the smallest first; with `-` before it the greatest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Order<DeadLetterShown>>,
    /// The `next` of the page before.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub before: Option<Cursor>,
}

/// A page of dead letters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeadLetterList")]
pub struct List {
    pub dead_letters: Vec<DeadLetterShown>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
}

/// Which dead letter to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShowRequest {
    /// Position in INBOX of the publish that it was.
    pub inbox_sequence: u64,
}

/// A dead letter, and a shown form of what was published.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeadLetterShown")]
pub struct Shown {
    #[serde(flatten)]
    pub dead_letter: DeadLetterWhole,
    /// What was published, without secrets and personal values: never the raw bytes. Absent once
    /// it is too old to be kept. Bytes that are no UTF-8 stand as `\xff`.
    pub shown: Option<String>,
}

/// What can be decided about a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeadLetterDecision")]
pub enum Decision {
    /// It is published again.
    Retry,
    /// Nothing more is done about it.
    Discard,
}

/// A decision about one dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecideRequest {
    /// Position in INBOX of the publish that it was.
    pub inbox_sequence: u64,
    pub decision: Decision,
    pub reason: Option<String>,
    /// Only if this is the revision of what was decided about it before; 0 if nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_revision: Option<Expected>,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeadLetterDecided")]
pub struct Decided {
    /// Of which dead letter: its position in INBOX.
    pub dead_letter: u64,
    pub decision: Decision,
    /// What became of the publish that asked for it.
    #[serde(flatten)]
    pub settled: Settled,
    /// The record of it, an event or a refusal; absent if there is none.
    pub recorded: Option<Recorded>,
}

/// A record on EVENTS, and who is told to have asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeadLetterRecorded")]
pub struct Recorded {
    pub sequence: u64,
    pub at: Timestamp,
    pub actor: Actor,
}
