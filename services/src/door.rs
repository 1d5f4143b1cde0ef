//! The service `door`, and the part of it that admits: every message in INBOX becomes a command,
//! is told to be a repeat, or is kept as a dead letter; and is gone from INBOX only after that is
//! stored. What a message means is decided in the core; here it is carried out.

mod done;
mod lost;
mod naming;
mod reading;
mod seen;
mod traced;

use std::sync::Arc;

use anyhow::{Context, Result};
use futures_util::future::{join_all, try_join_all};
use helmstream_core::door::{
    Admission, Admitted, Arrival, Cleaner, Dead, HEADER_BYTES, Headers, KEPT_HEADERS, Origin,
    admit as read, origin as origin_of,
};
use helmstream_projections::people;
use helmstream_schemas::{
    ActorKind, Hash, Subject, attributes as ce,
    journal::{DeadLetter, DuplicateOf, JournalEntry},
    outcome::{Outcome, Reply},
};
use helmstream_stream::{
    StreamError,
    consume::{Delivery, Durable, unheard::Standing},
    crash,
    decide::journal,
    headers::{REPLY_TO, to_headers},
    hop,
    publish::store,
};
use tokio::time::Instant;
use tracing::{Instrument, warn};

use self::{
    done::{Counted, Done, Plan, of},
    naming::Names,
    seen::{Asked, First, Seen},
};
use crate::{
    decides::reply,
    local::credentials,
    metrics::Became,
    patience::{Passing, pause, steadily},
    surroundings::Surroundings,
    traces::Entered,
};

/// The durable of INBOX.
pub fn durable() -> Durable {
    Durable { stream: "INBOX", name: "door".into(), group: None }
}

/// What is around the door while it works.
struct Door {
    around: Arc<Surroundings>,
    cleaner: Cleaner,
    publishers: Vec<credentials::NatsUser>,
    seen: Seen,
    names: Names,
    counted: Counted,
    /// What was on its way may not have come.
    is_cut: bool,
    /// How far its durable had come when it was looked at last.
    stood: Option<Standing>,
}

/// A message and what it is to become.
struct Entry {
    delivery: Delivery,
    /// The token of `in.<publisher>`: whose connection published it.
    token: String,
    origin: Origin,
    admission: Admission,
    /// Its span, and the trace that is carried on.
    entered: Entered,
}

impl Entry {
    /// Its keys: the one under which a dead letter is known, then the one of a command.
    fn keys(&self) -> [Option<Hash>; 2] {
        match &self.admission {
            Admission::Command(admitted) => [admitted.once.map(|(key, _)| key), Some(admitted.key)],
            Admission::Dead(dead) => [dead.known_by.as_deref().map(|(key, _)| *key), None],
        }
    }

    /// The key and the content under which it is known, should it become a dead letter.
    fn known_by(&self) -> Option<(Hash, Hash)> {
        match &self.admission {
            Admission::Command(admitted) => admitted.once,
            Admission::Dead(dead) => dead.known_by.as_deref().copied(),
        }
    }
}

/// Admits until it is told to stop.
pub async fn admit(around: Arc<Surroundings>) -> Result<()> {
    let cleaner = around.cleaner.clone().context("the door has no key for people")?;
    let publishers = credentials::users()?;
    let mut stop = around.stop();
    let Some(seen) = Seen::begin(&around).await? else { return Ok(()) };
    let names = Names::new(around.connection.clone());
    let durable = durable();
    let counted = Counted::new(&around.metrics, &durable, &publishers);
    let mut door = Door {
        around: around.clone(),
        cleaner,
        publishers,
        seen,
        names,
        counted,
        is_cut: true,
        stood: None,
    };
    let searching = tokio::spawn(lost::search(around.clone()).in_current_span());
    let mut failed = 0;
    let ended = loop {
        let ended = tokio::select! {
            ended = door.read_on(&durable, &mut failed) => ended,
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
    /// A batch from beginning to end. Whatever is interrupted comes again and is told apart by
    /// what is stored already.
    async fn admit_batch(&mut self, batch: Vec<Delivery>) -> Result<(), StreamError> {
        let begun = Instant::now();
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
        self.counted.stored(done.iter().zip(entries.iter().map(|entry| &*entry.token)));
        let mut outcomes = Vec::with_capacity(entries.len());
        for done in done {
            let done = done?;
            self.seen.note(&done);
            outcomes.push(done.became);
        }
        try_join_all(entries.iter().map(|entry| entry.delivery.acknowledge())).await?;
        self.counted.batch(entries.len(), begun.elapsed());
        traced::admitted(entries, &outcomes);
        Ok(())
    }

    fn read(&self, delivery: Delivery) -> Entry {
        let record = &delivery.record;
        let token = match record.subject.parse() {
            Ok(Subject::In { publisher }) => publisher,
            _ => String::new(),
        };
        let headers = Headers::of(delivery.headers());
        let origin = origin_of(&token, &record.attributes, headers);
        let user = self.publishers.iter().find(|user| user.user == origin.publisher);
        let by_file = user.map(|user| (user.actor.as_str(), user.kind));
        let told = origin.actor.as_ref().map(|actor| (actor.id.as_str(), actor.kind));
        let (actor, actor_kind) = told.or(by_file).unwrap_or(("unknown", ActorKind::Agent));
        let arrival = Arrival {
            publisher: &origin.publisher,
            actor,
            actor_kind,
            inbox_sequence: record.sequence,
            received_at: record.recorded_at,
            cause: origin.cause,
            headers: &origin.headers,
            payload: &record.payload,
        };
        let admission = match &delivery.unheard {
            Some(unheard) => Admission::Dead(Dead::unheard(&unheard.fault)),
            None => read(&arrival, &self.cleaner),
        };
        let entered = traced::entered(&self.around.traces, &delivery, &admission);
        Entry { delivery, token, origin, admission, entered }
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
            steadily(&self.around.stop, "keeping people", || {
                people::keep(&self.around.database, &pairs)
            })
            .await?;
        }
        Ok(())
    }

    /// Who had each entry's key first, if anybody.
    async fn firsts(&mut self, entries: &[Entry]) -> Result<Vec<Option<First>>, StreamError> {
        let asked: Vec<Asked> = entries
            .iter()
            .map(|entry| Asked {
                keys: entry.keys(),
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
        let first = first
            .or_else(|| entry.keys().iter().flatten().find_map(|key| self.seen.lately(key, own)));
        match (&entry.admission, first) {
            (_, Some(first)) if first.inbox_sequence == own => Ok(Plan::Nothing),
            (_, Some(first))
                if entry.known_by().is_some_and(|(_, content)| first.content == Some(content)) =>
            {
                Ok(Plan::Duplicate(first.inbox_sequence))
            }
            (Admission::Dead(dead), _) => Ok(self.dead(dead.clone(), None, entry)),
            (Admission::Command(admitted), Some(first))
                if [admitted.content, admitted.written].map(Some).contains(&first.content) =>
            {
                Ok(Plan::Duplicate(first.inbox_sequence))
            }
            (Admission::Command(admitted), Some(first)) => {
                let conflict = Dead::conflict(first.inbox_sequence);
                Ok(self.dead(conflict, Some(admitted.key), entry))
            }
            (Admission::Command(admitted), None) => {
                // Known at once, so that a repeat within this batch is one.
                self.seen.expect(admitted.key, admitted.content, own);
                let command = self.names.address(admitted).await?;
                Ok(Plan::Command(Box::new(Admitted { command, ..Admitted::clone(admitted) })))
            }
        }
    }

    /// A dead letter, known from now on by what it is known by, if it is. A conflict only names the
    /// key that was taken.
    fn dead(&mut self, dead: Dead, taken: Option<Hash>, entry: &Entry) -> Plan {
        match entry.known_by() {
            Some((key, content)) => {
                self.seen.expect(key, content, entry.delivery.record.sequence);
                Plan::Dead(dead, Some(key), Some(content))
            }
            None => Plan::Dead(dead, taken, None),
        }
    }

    async fn store(&self, plan: Plan, entry: &Entry) -> Result<Done, StreamError> {
        let connection = &self.around.connection;
        let inbox_sequence = entry.delivery.record.sequence;
        let asker = self.asker(entry);
        let cause = entry.origin.cause;
        match plan {
            Plan::Nothing => Ok(Done::default()),
            Plan::Command(admitted) => {
                let command = &admitted.command;
                let mut headers = to_headers(&command.attributes);
                hop::carry(&mut headers, entry.entered.onward);
                if let Some(asker) = asker {
                    headers.insert(REPLY_TO, asker);
                }
                let subject = command.subject().to_string();
                let sequence =
                    store(connection, &subject, headers, command.payload.clone().into()).await?;
                Ok(Done::command(sequence))
            }
            Plan::Duplicate(first_inbox_sequence) => {
                let entry =
                    JournalEntry::DuplicateOf(DuplicateOf { inbox_sequence, first_inbox_sequence });
                let sequence =
                    journal(connection, "door", &entry, &of(inbox_sequence, None, cause)).await?;
                self.tell(asker, inbox_sequence, Outcome::DuplicateOf { first_inbox_sequence })
                    .await;
                Ok(Done::journalled(sequence, Became::Duplicate))
            }
            Plan::Dead(dead, key, content) => {
                let (outcome, sequence) = self.bury(entry, dead, key, content).await?;
                self.tell(asker, inbox_sequence, outcome).await;
                Ok(Done::journalled(sequence, Became::DeadLetter))
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
        let mut attributes = of(record.sequence, key, entry.origin.cause);
        let publisher = &entry.origin.publisher;
        attributes.set(ce::PUBLISHER, publisher.as_str());
        attributes.set(ce::RECEIVEDTIME, record.recorded_at.to_string());
        attributes.set("reason", dead.reason);
        if let Some(actor) = &entry.origin.actor {
            attributes.set(ce::ACTOR, actor.id.as_str());
            attributes.set(ce::ACTORKIND, actor.kind.to_string());
        }
        if let Some(content) = content {
            attributes.set(ce::CONTENTHASH, content.to_string());
        }
        let subject = Subject::Dead { origin: entry.origin.kept_under().to_owned() }.to_string();
        let payload = record.payload.clone().into();
        let connection = &self.around.connection;
        let mut kept = attributes.clone();
        if let Some(headers) = entry.origin.headers.to_text() {
            kept.set(KEPT_HEADERS, headers);
        }
        if let Some(unheard) = &entry.delivery.unheard {
            kept.set(HEADER_BYTES, unheard.header_bytes.to_string());
        }
        let dead_sequence = store(connection, &subject, to_headers(&kept), payload).await?;
        let letter = DeadLetter {
            inbox_sequence: record.sequence,
            dead_sequence,
            publisher: publisher.clone(),
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

    /// Where whoever published waits, if that is a place of its own: an answer is never sent where
    /// it may not listen itself.
    fn asker(&self, entry: &Entry) -> Option<String> {
        let to = entry.delivery.reply_to.as_deref()?;
        let own = format!("_INBOX_{}.", entry.token);
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
