//! One command from the log to its outcome on the log: load, decide, append under the guard, and
//! again if somebody else was first. Whatever is interrupted here is done again from the start and
//! comes to the same, because an aggregate knows which commands it has decided.

use std::time::Duration;

use helmstream_core::{
    Aggregate, Ahead, Deadline, Decider, Decision, aggregate::CommandError, causes::Cause,
};
use helmstream_schemas::{
    Attributes, Context, Hash, Id, Record, Subject, attributes as ce,
    catalog::journal_kind,
    journal::{JournalEntry, Unchanged},
    outcome::Outcome,
    refusal::COMMAND_REFUSED,
    words,
};
use tracing::warn;
use uuid::Uuid;

use crate::{
    Connection, StreamError,
    append::{Appended, append_on},
    cache::{Cache, Kept},
    crash, deadline,
    headers::to_headers,
    hop::{self, Appending},
    leaving::Leaving,
    limits, load,
    publish::store,
    whole::make_whole,
};

/// Decides commands of one context.
pub struct Desk<D: Decider> {
    connection: Connection,
    cache: Cache<D>,
    leaving: Leaving<D>,
}

impl<D: Decider> Desk<D> {
    /// A desk that keeps aggregates of this weight at hand, and one at least. It has a task of its
    /// own, so it is made inside a runtime.
    pub fn new(connection: Connection, cached_bytes_max: usize) -> Self {
        let leaving = Leaving::new(connection.clone());
        Self { connection, cache: Cache::new(cached_bytes_max), leaving }
    }

    /// Brings a command to its outcome and arms what has to be armed. Only one command of an
    /// aggregate at a time, for speed; for safety the guard is enough.
    pub async fn settle(&self, id: &Id, command: &Record) -> Result<Outcome, StreamError> {
        self.settle_on(id, command, None).await
    }

    /// The same, and what is appended carries a trace on.
    pub async fn settle_on(
        &self,
        id: &Id,
        command: &Record,
        trace: Option<&Appending>,
    ) -> Result<Outcome, StreamError> {
        // What is remembered may be behind the log, and so may be what is loaded, from a server that was
        // away. The guard finds that out where something is appended; where nothing is, the leader is
        // asked.
        let Kept { mut aggregate, mut settled_length } = match self.cache.take(id) {
            Some(kept) => kept,
            None => {
                let aggregate = self.current(id, None).await?;
                let settled_length = aggregate.length;
                Kept { aggregate, settled_length }
            }
        };
        let mut is_current = false;
        for attempt in 1..=limits::DECIDE_ATTEMPTS_MAX {
            let (decision, aheads) =
                aggregate.decide_ahead(id, command).map_err(|error| undecided(command, error))?;
            let outcome = match decision {
                Decision::Known(cause) => {
                    self.arm(id, &[], &aggregate).await?;
                    outcome_of(D::CONTEXT, id, &cause)
                }
                Decision::Unchanged if !is_current => {
                    is_current = load::is_current(&self.connection, id, &aggregate).await?;
                    if !is_current {
                        tokio::time::sleep(pause(command, attempt)).await;
                        aggregate = self.current(id, Some(aggregate)).await?;
                    }
                    continue;
                }
                Decision::Unchanged => {
                    self.journal_unchanged(id, command).await?;
                    self.arm(id, &[], &aggregate).await?;
                    let command_id = command.attributes.uuid().unwrap_or_default();
                    Outcome::Unchanged {
                        command_id,
                        context: D::CONTEXT.name().into(),
                        aggregate: id.to_string(),
                    }
                }
                Decision::Append(events) => {
                    let onward = trace.map(|trace| trace.onward);
                    let began_at = trace.map(|_| hop::now());
                    let note = |last| {
                        if let (Some(trace), Some(began_at)) = (trace, began_at) {
                            trace.note(began_at, events.len(), last);
                        }
                    };
                    let connection = &self.connection;
                    match append_on(connection, &events, aggregate.revision, onward).await? {
                        Appended::Stored { last } => {
                            note(last);
                            let armed = D::deadlines(&aggregate.state);
                            fold_appended(&mut aggregate, aheads, last)?;
                            self.snapshot(id, &aggregate, &mut settled_length).await;
                            self.arm(id, &armed, &aggregate).await?;
                            let cause = command.attributes.uuid().ok();
                            let cause = cause.and_then(|cause| aggregate.causes.find(cause));
                            match cause {
                                Some(cause) => outcome_of(D::CONTEXT, id, cause),
                                None => continue,
                            }
                        }
                        // Whoever expects a revision is not decided anew on another one: what is
                        // loaded now either holds the outcome, or refuses because it changed.
                        unstored @ (Appended::Conflict | Appended::Unknown) => {
                            if unstored == Appended::Unknown {
                                note(0);
                            }
                            tokio::time::sleep(pause(command, attempt)).await;
                            aggregate = self.current(id, Some(aggregate)).await?;
                            is_current = false;
                            continue;
                        }
                    }
                }
            };
            for (id, left) in self.cache.put(id.clone(), Kept { aggregate, settled_length }) {
                self.leaving.see_off(id, left);
            }
            return Ok(outcome);
        }
        let subject = Subject::Event { context: D::CONTEXT, id: id.clone() }.to_string();
        Err(StreamError::Contended { subject, attempts: limits::DECIDE_ATTEMPTS_MAX })
    }

    /// The aggregate as its log tells it now, after what is missing of its last decision is stored.
    async fn current(
        &self,
        id: &Id,
        known: Option<Aggregate<D>>,
    ) -> Result<Aggregate<D>, StreamError> {
        let found = match known {
            Some(aggregate) => load::catch_up(&self.connection, id, aggregate).await,
            None => load::load(&self.connection, id).await,
        };
        if !matches!(found, Err(StreamError::Half { .. })) {
            return found;
        }
        make_whole::<D>(&self.connection, id).await?;
        load::load(&self.connection, id).await
    }

    /// A snapshot only saves time; without it the aggregate loads from its log.
    async fn snapshot(&self, id: &Id, aggregate: &Aggregate<D>, settled_length: &mut u64) {
        if !load::is_due(aggregate, (*settled_length, limits::SNAPSHOT_EVERY_EVENTS)) {
            return;
        }
        match load::save(&self.connection, id, aggregate).await {
            Ok(()) => *settled_length = aggregate.length,
            Err(error) => warn!(%id, %error, "a snapshot was not written"),
        }
    }

    /// Arms what `aggregate` wants and `armed` had not, or had later. A deadline that moved further
    /// away is left as it is: when it fires it meets the state, changes nothing, and is armed anew.
    async fn arm(
        &self,
        id: &Id,
        armed: &[Deadline],
        aggregate: &Aggregate<D>,
    ) -> Result<(), StreamError> {
        for wanted in D::deadlines(&aggregate.state) {
            if !stands(armed, wanted) {
                deadline::arm(&self.connection, D::CONTEXT, id, wanted).await?;
            }
        }
        Ok(())
    }

    async fn journal_unchanged(&self, id: &Id, command: &Record) -> Result<(), StreamError> {
        let inbox_sequence = command.attributes.read(ce::INBOXSEQUENCE, "a position").ok();
        let entry = JournalEntry::Unchanged(Unchanged {
            command_id: command.attributes.uuid().unwrap_or_default(),
            context: D::CONTEXT.name().into(),
            aggregate: id.to_string(),
            inbox_sequence,
        });
        journal(&self.connection, D::CONTEXT.name(), &entry, &Attributes::default()).await.map(drop)
    }
}

/// Stores an entry of the journal, with further attributes where there are any.
pub async fn journal(
    connection: &Connection,
    origin: &str,
    entry: &JournalEntry,
    further: &Attributes,
) -> Result<u64, StreamError> {
    let (name, payload) = words::encode(entry);
    let mut attributes = further.clone();
    attributes.set("specversion", ce::SPECVERSION);
    attributes.set(ce::ID, Uuid::new_v4().to_string());
    attributes.set(ce::SOURCE, format!("/helmstream/{origin}"));
    attributes.set(ce::TYPE, journal_kind(&name));
    attributes.set(ce::DATACONTENTTYPE, "application/json");
    let subject = Subject::Journal { origin: origin.to_owned() }.to_string();
    store(connection, &subject, to_headers(&attributes), payload.into()).await
}

/// Why a command is not decided here.
fn undecided(command: &Record, error: CommandError) -> StreamError {
    let (subject, sequence) = (command.subject.clone(), command.sequence);
    match error {
        CommandError::Newer { .. } => {
            StreamError::Newer { subject, sequence, detail: error.to_string() }
        }
        CommandError::Attribute(error) => {
            StreamError::Foreign { subject, sequence, detail: error.to_string() }
        }
    }
}

fn fold_appended<D: Decider>(
    aggregate: &mut Aggregate<D>,
    aheads: Vec<Ahead<D>>,
    last: u64,
) -> Result<(), StreamError> {
    let count = aheads.len() as u64;
    for (index, ahead) in aheads.into_iter().enumerate() {
        aggregate.apply_appended(ahead, last + 1 + index as u64 - count)?;
    }
    Ok(())
}

/// What came of a command, as its asker is told.
fn outcome_of(context: Context, id: &Id, cause: &Cause) -> Outcome {
    crash::point("settled");
    match (cause.refusal.as_deref(), context) {
        (Some((reason, detail)), _) => Outcome::Refused {
            sequence: cause.sequence,
            command_id: cause.command_id,
            reason: reason.clone(),
            detail: detail.clone(),
        },
        (None, Context::External) => Outcome::ExternalFact {
            sequence: cause.sequence,
            id: cause.event_id,
            source: id.to_string(),
        },
        (None, _) => {
            debug_assert_ne!(&*cause.name, COMMAND_REFUSED);
            Outcome::Event {
                sequence: cause.sequence,
                id: cause.event_id,
                context: context.name().into(),
                aggregate: id.to_string(),
                name: cause.name.to_string(),
            }
        }
    }
}

/// A pause that grows with the attempt and differs from command to command, so that those who lost
/// the same race do not meet again.
fn pause(command: &Record, attempt: u32) -> Duration {
    let spread = Hash::of(&command.sequence.to_be_bytes()).0[0];
    let longest = Duration::from_millis(u64::from(attempt)).min(limits::CONFLICT_PAUSE_MAX);
    longest * u32::from(spread) / u32::from(u8::MAX)
}

/// Whether what is armed for this purpose fires in time: what fires early is armed anew then.
fn stands(armed: &[Deadline], wanted: Deadline) -> bool {
    armed.iter().any(|armed| armed.purpose == wanted.purpose && armed.at <= wanted.at)
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::Timestamp;

    use super::*;

    #[test]
    fn only_what_is_new_or_comes_nearer_has_to_be_armed() {
        let due = |purpose, at| Deadline { purpose, at: Timestamp::from_nanos(at) };
        let armed = [due("expire", 10), due("remind", 7)];
        assert!(stands(&armed, due("expire", 10)) && stands(&armed, due("expire", 11)));
        assert!(!stands(&armed, due("expire", 9)), "it comes nearer");
        assert!(!stands(&armed, due("stalled", 11)), "it is new");
        assert!(!stands(&[], due("expire", 10)));
    }
}
