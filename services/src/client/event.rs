//! Questions about events, whichever context they are of.

use std::str::FromStr;

use helmstream_projections::questions::{event, order::Order, why};
use helmstream_schemas::{Attributes, Context, Hash, Id, Record, Subject, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{Code, Failure, direct::kinds, list_rows};

/// Which events to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// Of external facts only, and of those that are about this: the `subject` of a CloudEvent, or
    /// the id of a CDEvent's subject.
    #[serde(default)]
    pub about: Option<String>,
    /// From this position on EVENTS on.
    #[serde(default)]
    pub from_seq: u64,
    #[serde(default = "list_rows")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
    /// In the order of the log, or with `-` before it the last one first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Order<event::EventLine>>,
    /// Only those before this position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    /// As of this position; of what is there now if absent.
    #[serde(default)]
    pub at: Option<u64>,
}

/// A page of events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EventList")]
pub struct List {
    pub events: Vec<event::EventLine>,
    /// Where the next page begins, if there may be one: from this position on, or before it if the
    /// last one is first.
    pub next: Option<u64>,
}

/// An event or a command, by its id; an event by its position as well. Written as either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "NameWritten", inline)]
pub enum Name {
    Id(Uuid),
    Sequence(u64),
}

/// The same as it is described.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
#[expect(dead_code, reason = "it is only described")]
enum NameWritten {
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
#[schemars(rename = "EventShown")]
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
#[schemars(rename = "EventWhy")]
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

impl TailRequest {
    /// The context that is asked for; or why nothing of the kind will ever come.
    pub fn check(&self) -> Result<Option<Context>, Failure> {
        let context = self.context.as_deref().map(kinds::context).transpose()?;
        match self.kind.as_deref().map(|kind| kinds::kind_of(kind, self.context.as_deref())) {
            Some(Err(failure)) if failure.code == Code::NotFound => Err(failure),
            // A word that several contexts have means all of them.
            _ => Ok(context),
        }
    }

    /// Whether an event is wanted, by its context, its aggregate and its type.
    pub fn wants(&self, context: &str, aggregate: &str, kind: &str) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        let is_word = |wanted: &str| kind.split('.').nth(2) == Some(wanted);
        is(&self.context, context)
            && is(&self.aggregate, aggregate)
            && self.kind.as_ref().is_none_or(|wanted| wanted == kind || is_word(wanted))
    }
}

/// The context and the aggregate that a subject of EVENTS is of; empty if it is none.
pub fn place_of(subject: &str) -> (String, String) {
    match subject.parse() {
        Ok(Subject::Event { context, id }) => (context.name().to_owned(), id.as_str().to_owned()),
        _ => Default::default(),
    }
}

/// Whoever wants to watch from there would wait for what may never come.
pub fn not_yet(from: u64, head: u64) -> Failure {
    let hint = format!("the log ends at {head}; --from {} is what comes next", head + 1);
    Failure::not_found(format!("there is no event {from} yet"), hint)
}

/// Whoever watches had come further than the log reaches.
pub fn not_this_log(position: u64, found: impl std::fmt::Display) -> Failure {
    let what = "this is not the log that was watched";
    let detail = format!("events up to {position} were told, and {found}");
    let hint = "was the plane made anew? what is told from now on is of another log: begin again";
    Failure::new(Code::Diverged, what, detail, hint)
}

/// An event as it is told to whoever watches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "EventTold")]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn request(context: Option<&str>, kind: Option<&str>) -> TailRequest {
        let text = |text: Option<&str>| text.map(str::to_owned);
        TailRequest { context: text(context), kind: text(kind), ..TailRequest::default() }
    }

    #[test]
    fn what_is_wanted_is_told_by_context_aggregate_and_type_or_the_word_of_it() {
        let kind = "helmstream.run.step_ended.v1";
        let wants = |request: TailRequest| request.wants("run", "acme/shop-42", kind);
        assert!(wants(TailRequest::default()));
        assert!(wants(request(Some("run"), Some("step_ended"))));
        assert!(wants(request(None, Some(kind))));
        assert!(!wants(request(Some("approval"), None)));
        assert!(!wants(request(None, Some("step"))));
        let of = |id: &str| TailRequest { aggregate: Some(id.into()), ..TailRequest::default() };
        assert!(wants(of("acme/shop-42")) && !wants(of("acme/shop-4")));
    }

    #[test]
    fn what_will_never_come_is_told_before_it_is_waited_for() {
        let refused = |request: TailRequest| request.check().unwrap_err().code;
        assert_eq!(refused(request(Some("runn"), None)), Code::NotFound);
        assert_eq!(refused(request(None, Some("step_vanished"))), Code::NotFound);
        let run = request(Some("run"), Some("step_ended")).check().unwrap();
        assert_eq!(run.map(Context::name), Some("run"));
        assert_eq!(request(None, Some("command_refused")).check(), Ok(None));
    }
}
