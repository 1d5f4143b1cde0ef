//! Handles on metrics, each for one who works: found once when the work begins, and then an addition
//! each time. Whatever can be counted begins at nought, so that what never happened is told as well.

use std::{future::Future, sync::Arc, time::Duration};

use helmstream_projections::Applied;
use helmstream_schemas::{Context, outcome::Outcome};
use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
use tokio::time::Instant;

use super::{
    families::{Families, Labels},
    position::{Position, Positions},
};

/// Where a service gets the handles that it needs.
#[derive(Clone)]
pub struct ServiceMetrics {
    families: Arc<Families>,
    service: &'static str,
    positions: Positions,
}

/// Work on the messages of one durable.
pub struct Work {
    handled: Counter,
    duration: Histogram,
}

/// What the door makes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Became {
    Command,
    Duplicate,
    DeadLetter,
    /// It came again, and what became of it was stored before.
    #[default]
    StoredBefore,
}

/// Messages of one publisher.
pub struct Publishes([Counter; 4]);

/// Batches of the door.
pub struct DoorBatches {
    handled: Counter,
    messages: Histogram,
    duration: Histogram,
}

/// Commands of one context.
pub struct Commands {
    event: Counter,
    external_fact: Counter,
    refused: Counter,
    unchanged: Counter,
}

/// One edition of a view on one stream.
pub struct ViewMetrics {
    folded: Counter,
    parked: Counter,
    batch_records: Histogram,
    batch_duration: Histogram,
    pub position: Arc<Position>,
}

/// Deadlines of one context.
pub struct Deadlines {
    pub taken: Counter,
    pub not_believed: Counter,
    pub missing: Counter,
    pub pending: Gauge,
    pub overdue: Gauge,
    delay: Histogram,
}

/// The door for HTTP.
#[derive(Clone)]
pub struct HttpMetrics {
    families: Arc<Families>,
    readers: Gauge,
}

/// Signs of life to the outside.
pub struct Heartbeats {
    pub sent: Counter,
    pub failed: Counter,
    pub withheld: Counter,
    families: Arc<Families>,
}

/// Spans of traces, by what became of them.
#[derive(Clone)]
pub struct SpanMetrics {
    pub sent: Counter,
    pub dropped: Counter,
    pub refused: Counter,
}

impl ServiceMetrics {
    pub(super) fn new(families: Arc<Families>, service: &'static str) -> Self {
        Self { families, service, positions: Positions::default() }
    }

    /// Handles that count for nobody.
    pub fn unseen(service: &'static str) -> Self {
        let mut registry = prometheus_client::registry::Registry::default();
        Self::new(Arc::new(Families::registered(&mut registry)), service)
    }

    pub(super) fn positions(&self) -> Positions {
        self.positions.clone()
    }

    /// Work of this kind on a durable.
    pub fn work(&self, work: &'static str, durable: &str) -> Work {
        let duration = &self.families.message_duration;
        Work {
            handled: self.handled(durable),
            duration: duration.get_or_create_owned(&self.labels([("work", work)])),
        }
    }

    /// Messages whose subject is of this publisher, one of those in `nats/permissions`.
    pub fn publishes(&self, publisher: &str) -> Publishes {
        Publishes(Became::ALL.map(|became| {
            let named =
                vec![("publisher", publisher.to_owned().into()), ("outcome", became.word().into())];
            self.families.publishes.get_or_create_owned(&named)
        }))
    }

    pub fn door_batches(&self, durable: &str) -> DoorBatches {
        DoorBatches {
            handled: self.handled(durable),
            messages: self.families.door_batch_messages.get_or_create_owned(&vec![]),
            duration: self.families.door_batch_duration.get_or_create_owned(&vec![]),
        }
    }

    pub fn commands(&self, context: Context) -> Commands {
        let count = |outcome| {
            let named = self.labels([("context", context.name()), ("outcome", outcome)]);
            self.families.commands.get_or_create_owned(&named)
        };
        Commands {
            event: count("event"),
            external_fact: count("external_fact"),
            refused: count("refused"),
            unchanged: count("unchanged"),
        }
    }

    pub fn view(&self, view: &'static str, stream: &'static str, edition: &str) -> ViewMetrics {
        let named = || vec![("view", view.into()), ("stream", stream.into())];
        let count = |outcome: &'static str| {
            let named = [named(), vec![("outcome", outcome.into())]].concat();
            self.families.view_records.get_or_create_owned(&named)
        };
        ViewMetrics {
            folded: count("folded"),
            parked: count("parked"),
            batch_records: self.families.view_batch_records.get_or_create_owned(&named()),
            batch_duration: self.families.view_batch_duration.get_or_create_owned(&named()),
            position: self.positions.begin(view, stream, edition),
        }
    }

    pub fn deadlines(&self, context: Context) -> Deadlines {
        let of: Labels = vec![("context", context.name().into())];
        let fired = |outcome: &'static str| {
            let named = [of.clone(), vec![("outcome", outcome.into())]].concat();
            self.families.deadlines_fired.get_or_create_owned(&named)
        };
        Deadlines {
            taken: fired("taken"),
            not_believed: fired("not_believed"),
            missing: self.families.deadlines_missing.get_or_create_owned(&of),
            pending: self.families.deadlines_pending.get_or_create_owned(&of),
            overdue: self.families.deadlines_overdue.get_or_create_owned(&of),
            delay: self.families.deadline_delay.get_or_create_owned(&of),
        }
    }

    pub fn http(&self) -> HttpMetrics {
        let readers = self.families.stream_readers.get_or_create_owned(&vec![]);
        HttpMetrics { families: self.families.clone(), readers }
    }

    fn handled(&self, durable: &str) -> Counter {
        let named = vec![("service", self.service.into()), ("durable", durable.to_owned().into())];
        self.families.messages_handled.get_or_create_owned(&named)
    }

    fn labels<const N: usize>(&self, further: [(&'static str, &'static str); N]) -> Labels {
        let further = further.map(|(name, value)| (name, value.into()));
        [("service", self.service.into())].into_iter().chain(further).collect()
    }
}

impl Work {
    /// Does the work on one message; counted is what came to its end.
    pub async fn on<T, E>(&self, doing: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let begun = Instant::now();
        let done = doing.await;
        if done.is_ok() {
            self.handled.inc();
            self.duration.observe(begun.elapsed().as_secs_f64());
        }
        done
    }
}

impl Became {
    const ALL: [Self; 4] = [Self::Command, Self::Duplicate, Self::DeadLetter, Self::StoredBefore];

    /// As it is told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Duplicate => "duplicate",
            Self::DeadLetter => "dead_letter",
            Self::StoredBefore => "stored_before",
        }
    }
}

impl Publishes {
    pub fn count(&self, became: Became) {
        self.0[became as usize].inc();
    }
}

impl DoorBatches {
    pub fn done(&self, messages: usize, took: Duration) {
        self.handled.inc_by(messages as u64);
        self.messages.observe(messages as f64);
        self.duration.observe(took.as_secs_f64());
    }
}

impl Commands {
    pub fn count(&self, outcome: &Outcome) {
        match outcome {
            Outcome::Event { .. } => self.event.inc(),
            Outcome::ExternalFact { .. } => self.external_fact.inc(),
            Outcome::Refused { .. } => self.refused.inc(),
            Outcome::Unchanged { .. } => self.unchanged.inc(),
            // These are the door's, and no command has them.
            Outcome::DuplicateOf { .. } | Outcome::DeadLetter { .. } | Outcome::Lost => return,
        };
    }
}

impl ViewMetrics {
    /// A batch was applied and committed.
    pub fn applied(&self, records: usize, applied: Applied, took: Duration) {
        self.folded.inc_by(applied.folded as u64);
        self.parked.inc_by(applied.parked as u64);
        self.batch_records.observe(records as f64);
        self.batch_duration.observe(took.as_secs_f64());
    }
}

impl Deadlines {
    /// A deadline that fired so long ago became a command.
    pub fn took(&self, after: Duration) {
        self.taken.inc();
        self.delay.observe(after.as_secs_f64());
    }
}

impl HttpMetrics {
    /// A request was answered. The line is one of the interface's, or `none`.
    pub fn answered(&self, line: &'static str, status: u16, took: Duration) {
        let of: Labels = vec![("line", line.into())];
        self.families.http_request_duration.get_or_create(&of).observe(took.as_secs_f64());
        let with_status = [of, vec![("status", status.to_string().into())]].concat();
        self.families.http_requests.get_or_create(&with_status).inc();
    }

    /// Somebody watches, until what is returned is dropped.
    pub fn reader(&self) -> impl Drop + Send + use<> {
        self.readers.inc();
        Reader(self.readers.clone())
    }
}

struct Reader(Gauge);

impl Drop for Reader {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl SpanMetrics {
    pub(super) fn of(families: &Families) -> Self {
        let count = |outcome: &'static str| {
            families.trace_spans.get_or_create_owned(&vec![("outcome", outcome.into())])
        };
        Self { sent: count("sent"), dropped: count("dropped"), refused: count("refused") }
    }
}

impl Heartbeats {
    pub(super) fn of(families: &Arc<Families>) -> Self {
        let count = |outcome: &'static str| {
            families.heartbeats.get_or_create_owned(&vec![("outcome", outcome.into())])
        };
        let (sent, failed, withheld) = (count("sent"), count("failed"), count("withheld"));
        Self { sent, failed, withheld, families: families.clone() }
    }

    /// One was received at this moment.
    pub fn sent_at(&self, seconds_since_1970: i64) {
        self.sent.inc();
        self.families.heartbeat_last.get_or_create(&vec![]).set(seconds_since_1970);
    }
}
