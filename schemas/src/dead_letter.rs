//! Words of the context `dead_letter`: what people decide about a publish that could not be read.
//! That it became a dead letter at all is told by the journal.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Timestamp, actor::Actor};

/// What can be asked of a dead letter. Its identity is its position in INBOX.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadLetterCommand {
    /// Publish it again, byte for byte. Only a person may ask.
    Retry(Retry),
    /// Nothing more will be done about it. Only a person may ask.
    Discard(Discard),
    /// The retry could not be done.
    Fail(Fail),
}

/// What can have happened to a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadLetterEvent {
    /// It is to be published again; the new publish is caused by this event.
    Retried(Retried),
    /// Nothing more will be done about it.
    Discarded(Discarded),
    /// It could not be published again.
    RetryFailed(RetryFailed),
}

/// Publish it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retry {
    pub by: Actor,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Position in DEADLETTERS of the whole message.
    pub dead_sequence: u64,
}

/// Nothing more will be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Discard {
    pub by: Actor,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The retry could not be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fail {
    /// Which retry, counted from 1.
    pub attempt: u32,
    pub detail: String,
}

/// It is to be published again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retried {
    /// Which retry, counted from 1.
    pub attempt: u32,
    pub by: Actor,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Position in DEADLETTERS of the whole message.
    pub dead_sequence: u64,
}

/// Nothing more will be done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Discarded {
    pub by: Actor,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// It could not be published again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RetryFailed {
    pub attempt: u32,
    pub detail: String,
}
