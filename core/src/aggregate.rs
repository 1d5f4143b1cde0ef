//! One aggregate as its log tells it, whatever its context: the context's state, the position and
//! hash of its last event, and the commands it has decided. Pure: loading and appending are the
//! stream's affair.

use helmstream_schemas::{
    Attributes, Context, Expected, Hash, Id, Record, Subject, Timestamp,
    attributes::{self as ce, AttributeError, Kind},
    refusal::{CHANGED_SINCE, COMMAND_REFUSED, CommandRefused, bounded_detail},
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

/// What an event of a decision folds to, so that what was just written is not read again once it
/// is stored.
#[derive(Debug)]
pub struct Ahead<D: Decider> {
    /// Its position is not known yet.
    cause: Cause,
    /// `None` if it is a refusal.
    event: Option<D::Event>,
}

/// A record that cannot be folded, or a command that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    #[error("record {sequence} on {subject}: {source}")]
    Attribute { subject: String, sequence: u64, source: AttributeError },
    #[error("record {sequence} on {subject}: {source}")]
    Word { subject: String, sequence: u64, source: WordError },
    #[error("record {sequence} on {subject} is a `{kind}`, which this version does not know")]
    Kind { subject: String, sequence: u64, kind: String },
    #[error("record {sequence} on {subject} comes at or before revision {revision}")]
    Backwards { subject: String, sequence: u64, revision: u64 },
}

impl FoldError {
    /// Whether a newer version wrote it. Then nothing is decided here on what cannot be folded here.
    pub fn is_newer(&self) -> bool {
        match self {
            Self::Kind { .. } => true,
            Self::Word { source, .. } => source.is_unknown(),
            Self::Attribute { .. } | Self::Backwards { .. } => false,
        }
    }
}

/// Why a command is not decided here, and not refused either.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    #[error("{0}")]
    Attribute(#[from] AttributeError),
    /// A newer version asks what this one cannot judge: it is the newer one's to decide.
    #[error("`{kind}` asks something that this version does not know: {detail}")]
    Newer { kind: String, detail: String },
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
    pub fn apply_appended(&mut self, ahead: Ahead<D>, sequence: u64) -> Result<(), FoldError> {
        let Ahead { cause, event } = ahead;
        if sequence <= self.revision {
            let (subject, revision) = (format!("of {}", D::CONTEXT), self.revision);
            return Err(FoldError::Backwards { subject, sequence, revision });
        }
        self.folded(Cause { sequence, ..cause }, event.as_ref());
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
                ReadError::Kind(kind) => FoldError::Kind { subject: subject(), sequence, kind },
            },
        )?;
        self.folded(cause, event.as_ref());
        Ok(())
    }

    fn folded(&mut self, cause: Cause, event: Option<&D::Event>) {
        if let Some(event) = event {
            self.state = D::evolve(std::mem::take(&mut self.state), event);
        }
        self.revision = cause.sequence;
        self.causes.note(cause);
        self.length += 1;
    }

    /// Whether anything ever became of it: what only ever was refused is not there.
    pub fn exists(&self) -> bool {
        self.state != D::State::default()
    }

    fn not_met(&self, expected: &Expected) -> String {
        match expected {
            Expected::Any => format!("there is no such {} yet", D::CONTEXT),
            Expected::OneOf(_) => {
                format!("it is at revision {}, and {expected} was expected", self.revision)
            }
        }
    }

    /// Decides a stored command. One that cannot be read is refused, never skipped; one of a newer
    /// version is left to that.
    pub fn decide(&self, id: &Id, command: &Record) -> Result<Decision, CommandError> {
        self.decide_ahead(id, command).map(|(decision, _)| decision)
    }

    /// The same, with what each event to append folds to.
    pub fn decide_ahead(
        &self,
        id: &Id,
        command: &Record,
    ) -> Result<(Decision, Vec<Ahead<D>>), CommandError> {
        let command_id = command.attributes.uuid()?;
        if let Some(cause) = self.causes.find(command_id) {
            return Ok((Decision::Known(cause.clone()), Vec::new()));
        }
        let kind = command.attributes.kind()?;
        let writer = Writer { context: D::CONTEXT, id, command, received_at: received_at(command) };
        let refuse = |reason: &str, detail: String| {
            let refused = CommandRefused {
                command_id,
                command: kind.name.clone(),
                reason: reason.to_owned(),
                detail: bounded_detail(detail),
            };
            let payload = serde_json::to_vec(&refused).expect("a refusal has only texts for keys");
            let event_id = event_id(command_id, 0);
            let event = writer.event(event_id, COMMAND_REFUSED, payload, Hash::of_record(command));
            let mut cause = writer.cause(command_id, event_id, COMMAND_REFUSED.to_owned());
            cause.refusal = Some(Box::new((refused.reason, refused.detail)));
            (Decision::Append(vec![event]), vec![Ahead { cause, event: None }])
        };
        if self.causes.is_stale(writer.received_at) {
            let detail = format!("received at {}, before what is remembered", writer.received_at);
            return Ok(refuse("stale", detail));
        }
        // Before anything is decided, and again after a conflict: whoever named the revision that it
        // saw is told that it changed, and nothing is decided on what it did not see.
        match expected(command) {
            Err(error) => return Ok(refuse("unreadable", error.to_string())),
            Ok(Some(expected)) if !expected.is_met(self.revision, self.exists()) => {
                return Ok(refuse(CHANGED_SINCE, self.not_met(&expected)));
            }
            Ok(_) => {}
        }
        let newer = |detail| CommandError::Newer { kind: kind.to_string(), detail };
        if kind.version != VERSION {
            return Err(newer(format!("version {} of it", kind.version)));
        }
        let asked = match words::decode::<D::Command>(&kind.name, &command.payload) {
            Ok(asked) => asked,
            Err(error) if error.is_unknown() => return Err(newer(error.to_string())),
            Err(error) => return Ok(refuse("unreadable", error.to_string())),
        };
        let decided = match D::decide(&self.state, asked) {
            Err(rejection) => return Ok(refuse(rejection.reason(), rejection.to_string())),
            Ok(events) if events.is_empty() => return Ok((Decision::Unchanged, Vec::new())),
            Ok(events) => events,
        };
        let hash = Hash::of_record(command);
        let (mut events, mut aheads) = (Vec::new(), Vec::new());
        for (index, event) in decided.into_iter().enumerate() {
            let (name, payload) = words::encode(&event);
            let event_id = event_id(command_id, index);
            events.push(writer.event(event_id, &name, payload, hash));
            let cause = writer.cause(command_id, event_id, name);
            aheads.push(Ahead { cause, event: Some(event) });
        }
        Ok((Decision::Append(events), aheads))
    }
}

/// What whoever asked a command expects of the aggregate, if anything.
fn expected(command: &Record) -> Result<Option<Expected>, AttributeError> {
    let named = command.attributes.get(ce::EXPECTEDREVISION);
    named.map(|_| command.attributes.read(ce::EXPECTEDREVISION, "a revision")).transpose()
}

/// When a command was received: by the door if it came through one, else by the log.
pub fn received_at(command: &Record) -> Timestamp {
    command.attributes.timestamp(ce::RECEIVEDTIME).unwrap_or(command.recorded_at)
}

/// The version of every word there is today.
const VERSION: u32 = 1;

enum ReadError {
    Attribute(AttributeError),
    Kind(String),
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
        name: kind.name.as_str().into(),
        refusal: None,
    };
    if kind.version != VERSION {
        return Err(ReadError::Kind(kind.to_string()));
    }
    if kind.name == COMMAND_REFUSED {
        let refused: CommandRefused = serde_json::from_slice(payload)
            .map_err(|source| ReadError::Word(WordError { name: kind.name, source }))?;
        cause.refusal = Some(Box::new((refused.reason, refused.detail)));
        return Ok((cause, None));
    }
    let event = words::decode(&kind.name, payload).map_err(ReadError::Word)?;
    Ok((cause, Some(event)))
}

/// Writes the events of one command.
struct Writer<'a> {
    context: Context,
    id: &'a Id,
    command: &'a Record,
    received_at: Timestamp,
}

impl Writer<'_> {
    /// `hash` is the command's: however many events it gives, it is hashed once.
    fn event(&self, event_id: Uuid, name: &str, payload: Vec<u8>, hash: Hash) -> NewEvent {
        let (context, id) = (self.context, self.id);
        let asked = &self.command.attributes;
        let mut attributes = Attributes::default();
        attributes.set("specversion", ce::SPECVERSION);
        attributes.set(ce::ID, event_id.to_string());
        attributes.set(ce::SOURCE, format!("/helmstream/{context}"));
        attributes.set(ce::TYPE, Kind::first(context, name).to_string());
        attributes.set(ce::SUBJECT, id.as_str());
        attributes.set(ce::DATACONTENTTYPE, "application/json");
        attributes.set(ce::CAUSATIONID, asked.get(ce::ID).unwrap_or_default());
        attributes.set(ce::CAUSATIONHASH, hash.to_string());
        attributes.set(ce::RECEIVEDTIME, self.received_at.to_string());
        for kept in [ce::TIME, ce::CORRELATIONID, ce::ACTOR, ce::ACTORKIND, ce::TRACEPARENT] {
            if let Some(value) = asked.get(kept) {
                attributes.set(kept, value);
            }
        }
        NewEvent { subject: Subject::Event { context, id: id.clone() }, attributes, payload }
    }

    /// What the event will be read as, but for its position.
    fn cause(&self, command_id: Uuid, event_id: Uuid, name: String) -> Cause {
        let noted_at = self.received_at;
        Cause { command_id, noted_at, sequence: 0, event_id, name: name.into(), refusal: None }
    }
}

#[cfg(test)]
#[path = "aggregate_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "aggregate_expected_tests.rs"]
mod expected_tests;
