//! The service `door`, and the part of it that admits: every message in INBOX becomes a command,
//! is told to be a repeat, or is kept as a dead letter; and is gone from INBOX only after that is
//! stored. What a message means is decided in the core; here it is carried out.

mod lost;
mod naming;
mod seen;

use std::sync::Arc;

use anyhow::{Context, Result};
use futures_util::future::{join_all, try_join_all};
use helmstream_core::door::{Admission, Admitted, Arrival, Cleaner, Dead, admit as read};
use helmstream_projections::people;
use helmstream_schemas::{
    Attributes, Hash, Subject, attributes as ce,
    journal::{DeadLetter, DuplicateOf, JournalEntry},
    outcome::{Outcome, Reply},
};
use helmstream_stream::{
    StreamError,
    consume::{self, Delivery, Durable},
    crash,
    decide::journal,
    headers::{REPLY_TO, to_headers},
    publish::store,
};
use tracing::{info, warn};

use self::{
    naming::Names,
    seen::{Asked, First, Seen},
};
use crate::{
    decides::reply,
    limits::DOOR_BATCH_MESSAGES_MAX,
    local::credentials,
    patience::{Passing, patiently, pause},
    service::{Service, Surroundings},
};

pub fn service() -> Service {
    Service::new("door").admits()
}

/// What is around the door while it works.
struct Door {
    around: Arc<Surroundings>,
    cleaner: Cleaner,
    publishers: Vec<credentials::NatsUser>,
    seen: Seen,
    names: Names,
}

/// A message and what it is to become.
struct Entry {
    delivery: Delivery,
    publisher: String,
    admission: Admission,
}

/// Admits until it is told to stop.
pub async fn admit(around: Arc<Surroundings>) -> Result<()> {
    let cleaner = around.cleaner.clone().context("the door has no key for people")?;
    let publishers = credentials::users()?;
    let mut stop = around.stop();
    let Some(seen) = Seen::begin(&around).await? else { return Ok(()) };
    let names = Names::new(around.connection.clone());
    let mut door = Door { around: around.clone(), cleaner, publishers, seen, names };
    let durable = Durable { stream: "INBOX", name: "door".into(), group: None };
    let searching = tokio::spawn(lost::search(around.clone()));
    let mut failed = 0;
    let ended = loop {
        let ended = tokio::select! {
            ended = door.work(&durable, &mut failed) => ended,
            _ = stop.wait_for(|stop| *stop) => break Ok(()),
        };
        match ended {
            Err(error) if error.may_pass() => {
                if failed == 0 {
                    warn!(cause = %error, "the door is waiting");
                }
                failed += 1;
            }
            Err(error) => break Err(error).context("cannot go on admitting"),
            Ok(()) => {}
        }
        if pause(&around.stop, helmstream_stream::limits::reconnect_delay(failed)).await {
            break Ok(());
        }
    };
    searching.abort();
    ended
}

impl Door {
    async fn work(&mut self, durable: &Durable, failed: &mut usize) -> Result<(), StreamError> {
        let connection = self.around.connection.clone();
        let mut batches = consume::batches(&connection, durable, DOOR_BATCH_MESSAGES_MAX).await?;
        loop {
            let batch = batches.next().await?;
            if std::mem::take(failed) > 0 {
                info!("the door is going on");
            }
            self.admit_batch(batch).await?;
        }
    }

    /// A batch from beginning to end. Whatever is interrupted comes again and is told apart by
    /// what is stored already.
    async fn admit_batch(&mut self, batch: Vec<Delivery>) -> Result<(), StreamError> {
        let entries: Vec<Entry> = batch.into_iter().map(|delivery| self.read(delivery)).collect();
        self.keep_people(&entries).await?;
        let firsts = self.firsts(&entries).await?;
        let admitted = entries.iter().filter_map(|entry| match &entry.admission {
            Admission::Command(admitted) => Some(&**admitted),
            Admission::Dead(_) => None,
        });
        self.names.learn(admitted).await?;
        let mut stored = Vec::with_capacity(entries.len());
        for (entry, first) in entries.iter().zip(firsts) {
            stored.push(self.plan(entry, first).await?);
        }
        let done =
            join_all(stored.into_iter().zip(&entries).map(|(what, entry)| self.store(what, entry)))
                .await;
        crash::point("admitted");
        for done in done {
            self.seen.note(&done?);
        }
        try_join_all(entries.iter().map(|entry| entry.delivery.acknowledge())).await?;
        Ok(())
    }

    fn read(&self, delivery: Delivery) -> Entry {
        let record = &delivery.record;
        let publisher = match record.subject.parse() {
            Ok(Subject::In { publisher }) => publisher,
            _ => String::new(),
        };
        let user = self.publishers.iter().find(|user| user.user == publisher);
        let arrival = Arrival {
            publisher: &publisher,
            actor: user.map_or("unknown", |user| &user.actor),
            actor_kind: user.map_or(helmstream_schemas::ActorKind::Agent, |user| user.kind),
            inbox_sequence: record.sequence,
            received_at: record.recorded_at,
            payload: &record.payload,
        };
        let admission = read(&arrival, &self.cleaner);
        Entry { delivery, publisher, admission }
    }

    async fn keep_people(&self, entries: &[Entry]) -> Result<(), StreamError> {
        let found = entries.iter().filter_map(|entry| match &entry.admission {
            Admission::Command(admitted) => Some(&admitted.people),
            Admission::Dead(_) => None,
        });
        let mut pairs: Vec<(String, String)> =
            found.flatten().map(|person| (person.id.clone(), person.value.clone())).collect();
        pairs.sort();
        pairs.dedup_by(|a, b| a.0 == b.0);
        if !pairs.is_empty() {
            let kept = patiently(&self.around.stop, "keeping people", || {
                people::keep(&self.around.database, &pairs)
            });
            kept.await.map_err(seen::unavailable)?;
        }
        Ok(())
    }

    /// Who had each entry's key first, if anybody.
    async fn firsts(&mut self, entries: &[Entry]) -> Result<Vec<Option<First>>, StreamError> {
        let asked: Vec<Asked> = entries
            .iter()
            .map(|entry| Asked {
                key: match &entry.admission {
                    Admission::Command(admitted) => Some(admitted.key),
                    Admission::Dead(dead) => dead.known_by.as_ref().map(|known| known.0),
                },
                sequence: entry.delivery.record.sequence,
                again: entry.delivery.again,
            })
            .collect();
        self.seen.firsts(&self.around, &asked).await
    }

    /// What is to be stored for an entry; names are resolved and claimed on the way.
    async fn plan(&mut self, entry: &Entry, first: Option<First>) -> Result<Plan, StreamError> {
        let own = entry.delivery.record.sequence;
        // A repeat within the batch has its first in the memory by now.
        let first = first.or_else(|| match &entry.admission {
            Admission::Command(admitted) => self.seen.lately(&admitted.key, own),
            Admission::Dead(dead) => self.seen.lately(&dead.known_by.as_ref()?.0, own),
        });
        match (&entry.admission, first) {
            (_, Some(first)) if first.inbox_sequence == own => Ok(Plan::Nothing),
            (Admission::Dead(dead), first) => {
                Ok(match (dead.known_by.as_deref().copied(), first) {
                    (Some((_, content)), Some(first)) if first.content == Some(content) => {
                        Plan::Duplicate(first.inbox_sequence)
                    }
                    (Some((key, content)), _) => {
                        self.seen.expect(key, content, own);
                        Plan::Dead(dead.clone(), Some(key), Some(content))
                    }
                    (None, _) => Plan::Dead(dead.clone(), None, None),
                })
            }
            (Admission::Command(admitted), Some(first))
                if first.content == Some(admitted.content) =>
            {
                Ok(Plan::Duplicate(first.inbox_sequence))
            }
            (Admission::Command(admitted), Some(first)) => {
                let conflict = Dead::conflict(first.inbox_sequence);
                Ok(Plan::Dead(conflict, Some(admitted.key), None))
            }
            (Admission::Command(admitted), None) => {
                // Known at once, so that a repeat within this batch is one.
                self.seen.expect(admitted.key, admitted.content, own);
                let command = self.names.address(admitted).await?;
                Ok(Plan::Command(Box::new(Admitted { command, ..Admitted::clone(admitted) })))
            }
        }
    }

    async fn store(&self, plan: Plan, entry: &Entry) -> Result<Done, StreamError> {
        let connection = &self.around.connection;
        let inbox_sequence = entry.delivery.record.sequence;
        let asker = self.asker(entry);
        match plan {
            Plan::Nothing => Ok(Done::default()),
            Plan::Command(admitted) => {
                let command = &admitted.command;
                let mut headers = to_headers(&command.attributes);
                if let Some(asker) = asker {
                    headers.insert(REPLY_TO, asker);
                }
                let subject = command.subject().to_string();
                let sequence =
                    store(connection, &subject, headers, command.payload.clone().into()).await?;
                Ok(Done { command_sequence: sequence, ..Done::default() })
            }
            Plan::Duplicate(first_inbox_sequence) => {
                let entry =
                    JournalEntry::DuplicateOf(DuplicateOf { inbox_sequence, first_inbox_sequence });
                let sequence =
                    journal(connection, "door", &entry, &origin(inbox_sequence, None)).await?;
                self.tell(asker, inbox_sequence, Outcome::DuplicateOf { first_inbox_sequence })
                    .await;
                Ok(Done { journal_sequence: sequence, ..Done::default() })
            }
            Plan::Dead(dead, key, content) => {
                let (outcome, sequence) = self.bury(entry, dead, key, content).await?;
                self.tell(asker, inbox_sequence, outcome).await;
                Ok(Done { journal_sequence: sequence, ..Done::default() })
            }
        }
    }

    /// Keeps a message whole in DEADLETTERS and says so in the journal.
    async fn bury(
        &self,
        entry: &Entry,
        dead: Dead,
        key: Option<Hash>,
        content: Option<Hash>,
    ) -> Result<(Outcome, u64), StreamError> {
        let record = &entry.delivery.record;
        let mut attributes = origin(record.sequence, key);
        attributes.set(ce::PUBLISHER, &*entry.publisher);
        attributes.set(ce::RECEIVEDTIME, record.recorded_at.to_string());
        attributes.set("reason", dead.reason);
        if let Some(content) = content {
            attributes.set(ce::CONTENTHASH, content.to_string());
        }
        let subject = Subject::Dead { origin: entry.publisher.clone() }.to_string();
        let payload = record.payload.clone().into();
        let connection = &self.around.connection;
        let dead_sequence = store(connection, &subject, to_headers(&attributes), payload).await?;
        let letter = DeadLetter {
            inbox_sequence: record.sequence,
            dead_sequence,
            publisher: entry.publisher.clone(),
            reason: dead.reason.into(),
            detail: dead.detail.clone(),
            hint: dead.hint.clone(),
            bytes: record.payload.len() as u64,
        };
        let sequence =
            journal(connection, "door", &JournalEntry::DeadLetter(letter), &attributes).await?;
        let Dead { reason, detail, hint, .. } = dead;
        Ok((Outcome::DeadLetter { dead_sequence, reason: reason.into(), detail, hint }, sequence))
    }

    /// Where the publisher waits, if that is a place of its own: an answer is never sent where the
    /// publisher itself may not listen.
    fn asker(&self, entry: &Entry) -> Option<String> {
        let to = entry.delivery.reply_to.as_deref()?;
        let own = format!("_INBOX_{}.", entry.publisher);
        let plain =
            to.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        (to.starts_with(&own) && plain && !to.ends_with('.') && !to.contains(".."))
            .then(|| to.to_owned())
    }

    async fn tell(&self, asker: Option<String>, inbox_sequence: u64, outcome: Outcome) {
        if let Some(asker) = asker {
            reply(&self.around.connection, &asker, Reply { inbox_sequence, outcome }).await;
        }
    }
}

/// What is to be stored for a message.
enum Plan {
    /// It is stored already: this is the same message again.
    Nothing,
    Command(Box<Admitted>),
    Duplicate(u64),
    /// With the key that it is known by, and with the digest of its content if the same again is
    /// a repeat.
    Dead(Dead, Option<Hash>, Option<Hash>),
}

/// Where what a message became is stored.
#[derive(Debug, Default, Clone, Copy)]
struct Done {
    command_sequence: u64,
    journal_sequence: u64,
}

fn origin(inbox_sequence: u64, key: Option<Hash>) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set(ce::INBOXSEQUENCE, inbox_sequence.to_string());
    if let Some(key) = key {
        attributes.set(ce::DOORKEY, key.to_string());
    }
    attributes
}
