//! Publishing: one event after the other into INBOX, as often as it takes, and the outcomes that
//! come back. Replies are heard on the publisher's own inbox; what is not heard in time is asked
//! of the ledger. One task hears and asks, and owns what is waited for.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use helmstream_core::door::on_behalf_of;
use helmstream_projections::{Database, questions::outcome::outcomes};
use helmstream_schemas::{
    Actor, Subject,
    outcome::{Outcome, Reply},
};
use helmstream_stream::{
    Connection,
    headers::{REPLY_TO, to_headers},
    hop,
    publish::{self, Published},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval},
};

use super::{
    super::{
        failure::{Code, Failure},
        limits::{HEARD_OUTCOMES_MAX, LEDGER_ASKED_MAX, LEDGER_EVERY, REPLY_AFTER},
        publish::{Receipt, Request, Settled},
    },
    Manner,
    patience::{Patience, Said},
};
use crate::patience::Passing;

/// The server's code for a message that is larger than its stream takes.
const TOO_LARGE: u64 = 10_054;

/// A connection that publishes. Clones share it.
#[derive(Clone)]
pub(super) struct Press {
    connection: Connection,
    subject: String,
    reply_to: String,
    wait: Option<Duration>,
    said: Said,
    awaited: mpsc::UnboundedSender<Word>,
}

/// What the hearing task is told.
enum Word {
    /// Somebody waits for the outcome of this position.
    Await { inbox_sequence: u64, answer: oneshot::Sender<Option<Outcome>> },
    /// What the ledger said; nothing while Postgres is away.
    Told(Option<Vec<(u64, Outcome)>>),
}

impl Press {
    pub(super) async fn open(
        connection: Connection,
        database: Database,
        manner: &Manner,
    ) -> Result<Self, Failure> {
        let subject = Subject::In { publisher: manner.publisher.clone() }.to_string();
        let reply_to = connection.client.new_inbox();
        let replies = connection.client.subscribe(reply_to.clone()).await.map_err(|error| {
            let what = format!("cannot listen on {reply_to}");
            Failure::new(Code::Away, what, error.to_string(), "is the plane running?")
        })?;
        let replies = replies.filter_map(|message| {
            std::future::ready(serde_json::from_slice::<Reply>(&message.payload).ok())
        });
        let (awaited, words) = mpsc::unbounded_channel();
        let hearing = Hearing {
            connection: connection.clone(),
            database,
            back: awaited.downgrade(),
            waiting: BTreeMap::new(),
            heard: BTreeMap::new(),
            quiet_since: Instant::now(),
            gave_up: false,
            is_asking: false,
            outcome_wait: manner.outcome_wait,
            away_wait: manner.wait,
            away_since: None,
        };
        tokio::spawn(hearing.listen(replies, words));
        Ok(Self {
            connection,
            subject,
            reply_to,
            wait: manner.wait,
            said: Said::default(),
            awaited,
        })
    }

    /// Stores an event in INBOX; while NATS is away, waits. Sent again when it is unknown whether
    /// it was stored: a repeat is told as one, a loss could not be.
    pub(super) async fn store(
        &self,
        request: Request,
        speaks_for: Option<&Actor>,
    ) -> Result<Receipt, Failure> {
        let event = Bytes::from(request.event);
        let attributes = speaks_for.map(on_behalf_of).unwrap_or_default();
        let mut patience = Patience::together(self.wait, self.said.clone());
        let mut sent_times = 0;
        loop {
            while !is_connected(&self.connection) {
                patience.is_away("NATS", "the connection is cut").await?;
            }
            let mut headers = to_headers(&attributes);
            headers.insert(REPLY_TO, self.reply_to.as_str());
            hop::carry(&mut headers, request.onward);
            sent_times += 1;
            match publish::publish(&self.connection, &self.subject, headers, event.clone()).await {
                Ok(Published::Stored { sequence }) => {
                    patience.is_back("NATS");
                    return Ok(Receipt { inbox_sequence: sequence, sent_times });
                }
                Ok(Published::Refused { code: TOO_LARGE, .. }) => {
                    return Err(Failure::too_large(event.len() as u64));
                }
                Ok(Published::Refused { status, description, .. }) if status >= 500 => {
                    sent_times -= 1;
                    patience.is_away("INBOX", &description).await?;
                }
                Ok(Published::Refused { description, .. }) => {
                    let what = format!("the server does not take a publish to {}", self.subject);
                    return Err(Failure::new(
                        Code::Refused,
                        what,
                        description,
                        "the server's log may say more",
                    ));
                }
                Ok(Published::Unknown) => {
                    patience.is_away("NATS", "no acknowledgement in time").await?
                }
                Err(error) if error.may_pass() => {
                    patience.is_away("NATS", &error.to_string()).await?
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Waits for the outcome of what was stored.
    pub(super) async fn settle(&self, receipt: Receipt) -> Result<Settled, Failure> {
        let outcome = self.outcome(receipt.inbox_sequence).await;
        let first = match &outcome {
            Some(Outcome::DuplicateOf { first_inbox_sequence }) if receipt.sent_times > 1 => {
                self.outcome(*first_inbox_sequence).await
            }
            _ => None,
        };
        Ok(Settled { receipt, outcome, first })
    }

    async fn outcome(&self, inbox_sequence: u64) -> Option<Outcome> {
        let (answer, answered) = oneshot::channel();
        self.awaited.send(Word::Await { inbox_sequence, answer }).ok()?;
        answered.await.ok().flatten()
    }
}

/// The task that hears outcomes.
struct Hearing {
    connection: Connection,
    database: Database,
    back: mpsc::WeakUnboundedSender<Word>,
    waiting: BTreeMap<u64, Vec<Waiting>>,
    /// Outcomes that nobody has asked for yet: a reply can be faster than the acknowledgement.
    heard: BTreeMap<u64, Outcome>,
    /// Since when nothing was heard though something is awaited. As long as outcomes come, however
    /// slowly, nobody's patience ends.
    quiet_since: Instant,
    /// Patience ended, and nothing was heard since: whoever comes now waits for a moment only.
    gave_up: bool,
    is_asking: bool,
    outcome_wait: Duration,
    away_wait: Option<Duration>,
    away_since: Option<Instant>,
}

struct Waiting {
    since: Instant,
    answer: oneshot::Sender<Option<Outcome>>,
}

impl Hearing {
    async fn listen(
        mut self,
        replies: impl Stream<Item = Reply>,
        mut words: mpsc::UnboundedReceiver<Word>,
    ) {
        let mut replies = std::pin::pin!(replies);
        let mut tick = interval(LEDGER_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                Some(reply) = replies.next() => self.hear(reply.inbox_sequence, reply.outcome),
                word = words.recv() => match word {
                    Some(Word::Await { inbox_sequence, answer }) => self.wait_for(inbox_sequence, answer),
                    Some(Word::Told(told)) => self.told(told),
                    None => return,
                },
                _ = tick.tick() => self.look(),
            }
        }
    }

    fn wait_for(&mut self, inbox_sequence: u64, answer: oneshot::Sender<Option<Outcome>>) {
        if let Some(outcome) = self.heard.remove(&inbox_sequence) {
            let _ = answer.send(Some(outcome));
            return;
        }
        if self.waiting.is_empty() && !self.gave_up {
            self.quiet_since = Instant::now();
        }
        self.waiting
            .entry(inbox_sequence)
            .or_default()
            .push(Waiting { since: Instant::now(), answer });
    }

    fn hear(&mut self, inbox_sequence: u64, outcome: Outcome) {
        (self.quiet_since, self.gave_up) = (Instant::now(), false);
        match self.waiting.remove(&inbox_sequence) {
            Some(waiting) => {
                waiting.into_iter().for_each(|one| drop(one.answer.send(Some(outcome.clone()))))
            }
            None => drop(self.heard.insert(inbox_sequence, outcome)),
        }
        if self.heard.len() > HEARD_OUTCOMES_MAX {
            self.heard.pop_first();
        }
    }

    fn told(&mut self, told: Option<Vec<(u64, Outcome)>>) {
        self.is_asking = false;
        match told {
            Some(told) => {
                if self.away_since.take().is_some() {
                    tracing::info!("Postgres is back, going on");
                }
                told.into_iter().for_each(|(sequence, outcome)| self.hear(sequence, outcome));
            }
            // While the world is away nothing can be heard, and nobody's patience ends by that.
            None => self.is_away(),
        }
    }

    fn is_away(&mut self) {
        let since = *self.away_since.get_or_insert_with(Instant::now);
        if self.away_wait.is_none_or(|wait| since.elapsed() < wait) {
            self.quiet_since = Instant::now();
        }
    }

    /// Now and then: asks the ledger for what is overdue, and gives up what nobody speaks of.
    fn look(&mut self) {
        match (is_connected(&self.connection), self.away_since) {
            (false, _) => self.is_away(),
            (true, Some(_)) if self.waiting.is_empty() => self.away_since = None,
            _ => {}
        }
        if !self.waiting.is_empty() && self.quiet_since.elapsed() >= self.outcome_wait {
            self.gave_up = true;
            for waiting in std::mem::take(&mut self.waiting).into_values().flatten() {
                let _ = waiting.answer.send(None);
            }
        }
        let overdue =
            |waiting: &Vec<Waiting>| waiting.iter().any(|one| one.since.elapsed() > REPLY_AFTER);
        let asked: Vec<u64> = self
            .waiting
            .iter()
            .filter(|(_, waiting)| overdue(waiting))
            .map(|(sequence, _)| *sequence)
            .take(LEDGER_ASKED_MAX)
            .collect();
        if asked.is_empty() || self.is_asking {
            return;
        }
        self.is_asking = true;
        let (database, back) = (self.database.clone(), self.back.clone());
        let was_away = self.away_since.is_some();
        tokio::spawn(async move {
            let told = match outcomes(&database, &asked).await {
                Ok(found) => {
                    let known = found
                        .into_iter()
                        .filter_map(|(sequence, outcome)| Some((sequence, outcome?)));
                    Some(known.collect())
                }
                Err(error) => {
                    if !was_away {
                        tracing::warn!("waiting for Postgres to say what is missing: {error}");
                    }
                    None
                }
            };
            if let Some(back) = back.upgrade() {
                let _ = back.send(Word::Told(told));
            }
        });
    }
}

fn is_connected(connection: &Connection) -> bool {
    connection.client.connection_state().to_string() == "connected"
}
