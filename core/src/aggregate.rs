//! One aggregate as its log tells it, whatever its context: the context's state, the position and
//! hash of its last event, and the commands it has decided. Pure: loading and appending are the
//! stream's affair.

use helmstream_schemas::{
    Attributes, Context, Hash, Id, Record, Subject, Timestamp,
    attributes::{self as ce, AttributeError, Kind},
    refusal::{COMMAND_REFUSED, CommandRefused, bounded_detail},
    words::{self, WordError},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Decider, Rejection,
    causes::{Cause, Causes},
    command::event_id,
};

/// An aggregate, folded from all of its events so far.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Aggregate<D: Decider> {
    pub state: D::State,
    /// Position of its last event on EVENTS; 0 before the first.
    pub revision: u64,
    /// Hash of that event; not known right after an append, because the log's own time is part
    /// of it and an acknowledgement does not tell that time.
    pub last_hash: Option<Hash>,
    /// How many records its log holds.
    pub length: u64,
    pub causes: Causes,
}

/// What is to be done about a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Append these under the guard of `revision`; a refusal is one of them.
    Append(Vec<NewEvent>),
    /// Nothing changes.
    Unchanged,
    /// It was decided before; this came of it.
    Known(Cause),
}

/// An event that is about to be appended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    pub subject: Subject,
    pub attributes: Attributes,
    pub payload: Vec<u8>,
}

/// A record that cannot be folded, or a command that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    #[error("record {sequence} on {subject}: {source}")]
    Attribute { subject: String, sequence: u64, source: AttributeError },
    #[error("record {sequence} on {subject}: {source}")]
    Word { subject: String, sequence: u64, source: WordError },
    #[error("record {sequence} on {subject} comes at or before revision {revision}")]
    Backwards { subject: String, sequence: u64, revision: u64 },
}

impl<D: Decider> Default for Aggregate<D> {
    fn default() -> Self {
        Self {
            state: D::State::default(),
            revision: 0,
            last_hash: None,
            length: 0,
            causes: Causes::default(),
        }
    }
}

impl<D: Decider> Aggregate<D> {
    /// Folds the next record of the aggregate's own subject.
    pub fn apply(&mut self, record: &Record) -> Result<(), FoldError> {
        let (sequence, recorded_at) = (record.sequence, Some(record.recorded_at));
        self.fold(&record.subject, sequence, recorded_at, &record.attributes, &record.payload)?;
        self.last_hash = Some(Hash::of_record(record));
        Ok(())
    }

    /// Folds an event that was just stored at `sequence` under the guard of this aggregate's
    /// revision, so that nothing else can have come between.
    pub fn apply_appended(&mut self, event: &NewEvent, sequence: u64) -> Result<(), FoldError> {
        let subject = event.subject.to_string();
        self.fold(&subject, sequence, None, &event.attributes, &event.payload)?;
        self.last_hash = None;
        Ok(())
    }

    fn fold(
        &mut self,
        subject: &str,
        sequence: u64,
        recorded_at: Option<Timestamp>,
        attributes: &Attributes,
        payload: &[u8],
    ) -> Result<(), FoldError> {
        let subject = || subject.to_owned();
        if sequence <= self.revision {
            let revision = self.revision;
            return Err(FoldError::Backwards { subject: subject(), sequence, revision });
        }
        let (cause, event) = read_event::<D>(sequence, recorded_at, attributes, payload).map_err(
            |error| match error {
                ReadError::Attribute(source) => {
                    FoldError::Attribute { subject: subject(), sequence, source }
                }
                ReadError::Word(source) => FoldError::Word { subject: subject(), sequence, source },
            },
        )?;
        if let Some(event) = event {
            self.state = D::evolve(std::mem::take(&mut self.state), &event);
        }
        self.causes.note(cause);
        self.revision = sequence;
        self.length += 1;
        Ok(())
    }

    /// Decides a stored command. A command that cannot be read is refused, never skipped.
    pub fn decide(&self, id: &Id, command: &Record) -> Result<Decision, AttributeError> {
        let command_id = command.attributes.uuid()?;
        if let Some(cause) = self.causes.find(command_id) {
            return Ok(Decision::Known(cause.clone()));
        }
        let kind = command.attributes.kind()?;
        let refuse = |reason: &str, detail: String| {
            let refused = CommandRefused {
                command_id,
                command: kind.name.clone(),
                reason: reason.to_owned(),
                detail: bounded_detail(detail),
            };
            let payload = serde_json::to_vec(&refused).expect("a refusal has only texts for keys");
            let event = new_event::<D>(id, command, command_id, 0, COMMAND_REFUSED, payload);
            Decision::Append(vec![event])
        };
        if self.causes.is_stale(received_at(command)) {
            return Ok(refuse(
                "stale",
                format!("received at {}, before what is remembered", received_at(command)),
            ));
        }
        let asked = match words::decode::<D::Command>(&kind.name, &command.payload) {
            Ok(asked) => asked,
            Err(error) => return Ok(refuse("unreadable", error.to_string())),
        };
        Ok(match D::decide(&self.state, asked) {
            Err(rejection) => refuse(rejection.reason(), rejection.to_string()),
            Ok(events) if events.is_empty() => Decision::Unchanged,
            Ok(events) => Decision::Append(
                events
                    .iter()
                    .enumerate()
                    .map(|(index, event)| {
                        let (name, payload) = words::encode(event);
                        new_event::<D>(id, command, command_id, index, &name, payload)
                    })
                    .collect(),
            ),
        })
    }
}

/// When a command was received: by the door if it came through one, else by the log.
pub fn received_at(command: &Record) -> Timestamp {
    command.attributes.timestamp(ce::RECEIVEDTIME).unwrap_or(command.recorded_at)
}

enum ReadError {
    Attribute(AttributeError),
    Word(WordError),
}

/// A record's cause, and the event if it is one of the context's own.
fn read_event<D: Decider>(
    sequence: u64,
    recorded_at: Option<Timestamp>,
    attributes: &Attributes,
    payload: &[u8],
) -> Result<(Cause, Option<D::Event>), ReadError> {
    let kind = attributes.kind().map_err(ReadError::Attribute)?;
    let received_at = attributes.timestamp(ce::RECEIVEDTIME);
    let mut cause = Cause {
        command_id: attributes.read(ce::CAUSATIONID, "a UUID").map_err(ReadError::Attribute)?,
        noted_at: received_at
            .or_else(|error| recorded_at.ok_or(error))
            .map_err(ReadError::Attribute)?,
        sequence,
        event_id: attributes.uuid().map_err(ReadError::Attribute)?,
        name: kind.name.clone(),
        refusal: None,
    };
    if kind.name == COMMAND_REFUSED {
        let refused: CommandRefused = serde_json::from_slice(payload)
            .map_err(|source| ReadError::Word(WordError { name: kind.name, source }))?;
        cause.refusal = Some((refused.reason, refused.detail));
        return Ok((cause, None));
    }
    let event = words::decode(&kind.name, payload).map_err(ReadError::Word)?;
    Ok((cause, Some(event)))
}

fn new_event<D: Decider>(
    id: &Id,
    command: &Record,
    command_id: Uuid,
    index: usize,
    name: &str,
    payload: Vec<u8>,
) -> NewEvent {
    event_of(D::CONTEXT, id, command, event_id(command_id, index), name, payload)
}

/// An event caused by a command, with the attributes every event has.
pub fn event_of(
    context: Context,
    id: &Id,
    command: &Record,
    event_id: Uuid,
    name: &str,
    payload: Vec<u8>,
) -> NewEvent {
    let asked = &command.attributes;
    let mut attributes = Attributes::default();
    attributes.set("specversion", ce::SPECVERSION);
    attributes.set(ce::ID, event_id.to_string());
    attributes.set(ce::SOURCE, format!("/helmstream/{context}"));
    attributes.set(ce::TYPE, Kind::first(context, name).to_string());
    attributes.set(ce::SUBJECT, id.as_str());
    attributes.set(ce::DATACONTENTTYPE, "application/json");
    attributes.set(ce::CAUSATIONID, asked.get(ce::ID).unwrap_or_default());
    attributes.set(ce::CAUSATIONHASH, Hash::of_record(command).to_string());
    attributes.set(ce::RECEIVEDTIME, received_at(command).to_string());
    for kept in [ce::TIME, ce::CORRELATIONID, ce::ACTOR, ce::ACTORKIND, ce::TRACEPARENT] {
        if let Some(value) = asked.get(kept) {
            attributes.set(kept, value);
        }
    }
    NewEvent { subject: Subject::Event { context, id: id.clone() }, attributes, payload }
}

#[cfg(test)]
#[path = "aggregate_tests.rs"]
mod tests;
