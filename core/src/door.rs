//! What the door makes of a message from outside: a command, or a dead letter with its reason.
//! Pure: the message, who published it and when it was received come in as data. Nothing that
//! leaves here still holds a secret or a personal value.

mod clean;
mod cloudevent;
mod faber;
mod names;
mod secrets;
mod strict;

use helmstream_schemas::{
    ActorKind, Attributes, Hash, Id, Timestamp, attributes as ce,
    limits::{COMMAND_BYTES_MAX, PUBLISH_BYTES_MAX},
    refusal::bounded_detail,
    run::{Merge, RunCommand},
    words,
};
use serde_json::Value;

pub use self::clean::{Cleaner, Person};
use crate::{NewCommand, command::derived_id};

/// A message as it lies in INBOX.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    /// The token of `in.<publisher>`: whose permission published it.
    pub publisher: &'a str,
    /// The identity behind that permission.
    pub actor: &'a str,
    pub actor_kind: ActorKind,
    /// Its position in INBOX.
    pub inbox_sequence: u64,
    /// When INBOX stored it.
    pub received_at: Timestamp,
    pub payload: &'a [u8],
}

/// What the door makes of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Admission {
    Command(Box<Admitted>),
    Dead(Dead),
}

/// A message that became a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Admitted {
    /// Digest of (publisher, source, id).
    pub key: Hash,
    /// Digest of the content, whatever its spacing and the order of its keys.
    pub content: Hash,
    pub command: NewCommand,
    /// Names of the aggregate, its own first; more than one only if the message says so.
    pub names: Vec<Id>,
    /// Personal values that were replaced by ids.
    pub people: Vec<Person>,
}

/// A message that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dead {
    /// A word for the reason, the same for every dead letter of that reason.
    pub reason: &'static str,
    pub detail: String,
    pub hint: String,
}

impl Dead {
    fn new(reason: &'static str, detail: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { reason, detail: bounded_detail(detail.into()), hint: hint.into() }
    }

    /// The same (publisher, source, id) was accepted with other content.
    pub fn conflict(first_inbox_sequence: u64) -> Self {
        Self::new(
            "conflict",
            format!(
                "the same source and id were accepted with other content at INBOX {first_inbox_sequence}"
            ),
            "give every event its own id; an id is never used for a second event",
        )
    }
}

/// Reads a message.
pub fn admit(arrival: &Arrival<'_>, cleaner: &Cleaner) -> Admission {
    read(arrival, cleaner).unwrap_or_else(Admission::Dead)
}

fn read(arrival: &Arrival<'_>, cleaner: &Cleaner) -> Result<Admission, Dead> {
    if arrival.payload.len() > PUBLISH_BYTES_MAX {
        return Err(Dead::new(
            "too_large",
            format!("{} bytes are over the limit of {PUBLISH_BYTES_MAX}", arrival.payload.len()),
            "put large content elsewhere and publish a reference to it",
        ));
    }
    let raw = strict::parse(arrival.payload)?;
    let key = cloudevent::key(arrival.publisher, &raw)?;
    let cleaned = cleaner.clean(raw);
    let content = canonical(&cleaned.value);
    let event = cloudevent::read(cleaned.value)?;
    let command_id = derived_id(&["door", &key.to_string()]);
    let mut attributes = Attributes::default();
    attributes.set(ce::PUBLISHER, arrival.publisher);
    attributes.set(ce::INBOXSEQUENCE, arrival.inbox_sequence.to_string());
    attributes.set(ce::RECEIVEDTIME, arrival.received_at.to_string());
    attributes.set(ce::DOORKEY, key.to_string());
    attributes.set(ce::CONTENTHASH, content.to_string());
    attributes.set(ce::ORIGINID, event.id.clone());
    if let Some(trace) = event.attributes.get(ce::TRACEPARENT).and_then(Value::as_str) {
        attributes.set(ce::TRACEPARENT, trace);
    }
    let (context, name, names, payload, time) = if faber::is_faber(&event.kind) {
        let (names, report) = faber::report(&event, cleaned.removed, arrival)?;
        let time = report.claim.claimed_at;
        let (name, payload) = words::encode(&RunCommand::Report(Box::new(report)));
        (helmstream_schemas::Context::Run, name, names, payload, time)
    } else {
        let (source, fact) = cloudevent::external(&event, cleaned.removed)?;
        let (name, payload) =
            words::encode(&helmstream_schemas::external::ExternalCommand::Record(fact));
        (helmstream_schemas::Context::External, name, vec![source], payload, event.time)
    };
    if payload.len() > COMMAND_BYTES_MAX {
        return Err(Dead::new(
            "too_large",
            format!(
                "{} bytes once cleaned are over the limit of {COMMAND_BYTES_MAX}",
                payload.len()
            ),
            "publish fewer personal values in one event",
        ));
    }
    let mut command = NewCommand::new(
        (context, &name, names[0].clone()),
        command_id,
        &format!("/helmstream/door/{}", arrival.publisher),
        (arrival.actor, arrival.actor_kind),
        payload,
    );
    if let Some(time) = time {
        attributes.set(ce::TIME, time.to_string());
    }
    for (name, value) in attributes.iter() {
        command.attributes.set(name, value);
    }
    Ok(Admission::Command(Box::new(Admitted {
        key,
        content,
        command,
        names,
        people: cleaned.people,
    })))
}

/// The command that merges a younger run into an older one, caused by the report that named both.
pub fn merge_command(cause: &NewCommand, younger: Id, into: &Id) -> NewCommand {
    let caused_by = cause.attributes.get(ce::ID).unwrap_or_default();
    let command_id = derived_id(&["merge", caused_by, younger.as_str()]);
    let (name, payload) = words::encode(&RunCommand::Merge(Merge { into: into.clone() }));
    let mut merge = NewCommand::new(
        (helmstream_schemas::Context::Run, &name, younger),
        command_id,
        "/helmstream/door",
        ("service:door", ActorKind::Service),
        payload,
    );
    merge.attributes.set(ce::CAUSATIONID, caused_by);
    for kept in [ce::RECEIVEDTIME, ce::CORRELATIONID, ce::TRACEPARENT] {
        if let Some(value) = cause.attributes.get(kept) {
            merge.attributes.set(kept, value);
        }
    }
    merge
}

fn canonical(value: &Value) -> Hash {
    Hash::of(&serde_json_canonicalizer::to_vec(value).unwrap_or_default())
}

#[cfg(test)]
mod tests;
