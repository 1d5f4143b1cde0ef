//! The action of publishing, in two steps: stored in INBOX, and what became of it.

use helmstream_schemas::{TraceContext, outcome::Outcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One event to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// A CloudEvent in the JSON event format, byte for byte; what it is the door says.
    pub event: Vec<u8>,
    /// The trace that its message carries on, beside whatever the event says of one.
    pub onward: Option<TraceContext>,
}

impl Request {
    /// An event of no further trace.
    pub fn new(event: Vec<u8>) -> Self {
        Self { event, onward: None }
    }
}

/// Where a publish lies in INBOX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Receipt {
    pub inbox_sequence: u64,
    /// How often it was sent: more than once if an acknowledgement was lost. Each of them may have
    /// been stored; the door tells the repeats.
    pub sent_times: u32,
}

/// What became of a publish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PublishSettled")]
pub struct Settled {
    #[serde(flatten)]
    pub receipt: Receipt,
    /// Absent while it is unknown.
    #[serde(flatten)]
    pub outcome: Option<Outcome>,
    /// What the first of several sent copies became, where this one is told as its duplicate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first: Option<Outcome>,
}

impl Settled {
    /// The outcome that counts: a copy that was sent again has the outcome of the first.
    pub fn counted(&self) -> Option<&Outcome> {
        self.first.as_ref().or(self.outcome.as_ref())
    }
}
