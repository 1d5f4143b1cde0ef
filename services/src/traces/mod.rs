//! Traces: which way a publish took through the plane, told span by span to a receiver that speaks
//! OTLP. A trace is told, never read: nothing here decides, and no span's id stands in what is hashed or
//! folded. Nobody waits for it; what cannot be sent in time is dropped and counted.

mod config;
mod exporting;
pub mod limits;
mod otlp;
mod span;

use std::{sync::Arc, time::Duration};

use helmstream_schemas::{Record, TraceContext};
use helmstream_stream::{consume::Delivery, hop::Carried};
use tokio::sync::mpsc;
use uuid::Uuid;

use self::{
    config::Sampler,
    limits::FOLD_TOLD_WITHIN,
    span::{Span, span_id},
};
pub use self::{
    config::TraceArgs,
    exporting::Exporter,
    span::{About, Kind, Open},
};
use crate::{clock, metrics::SpanMetrics};

/// Of the span that says in a line of the log which service it is of; see `cli/log.rs`.
pub const SPAN: &str = "service";

/// Where a service tells its spans; clones share it. Without a receiver nothing is looked at at all.
#[derive(Clone, Default)]
pub struct Traces(Option<Arc<Sending>>);

/// What hands spans over.
struct Sending {
    service: &'static str,
    sampler: Sampler,
    queue: mpsc::Sender<Span>,
    counted: SpanMetrics,
}

/// What came of looking whether work is to be told.
#[derive(Default)]
pub struct Entered {
    pub span: Option<Open>,
    /// What the messages carry that come of the work.
    pub onward: Option<TraceContext>,
}

/// A record that is told once it is folded.
pub struct Foldable {
    context: TraceContext,
    sequence: u64,
    about: About,
}

impl Traces {
    /// The same, of one service.
    pub fn of(&self, service: &'static str) -> Self {
        let of = |sending: &Arc<Sending>| {
            let (queue, counted) = (sending.queue.clone(), sending.counted.clone());
            Arc::new(Sending { service, sampler: sending.sampler, queue, counted })
        };
        Self(self.0.as_ref().map(of))
    }

    /// Whether anybody is told.
    pub fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Work on what a message asks for, if it belongs to a sampled trace.
    pub fn work_on(&self, delivery: &Delivery, name: (&'static str, &str), kind: Kind) -> Entered {
        let Some(sending) = &self.0 else { return Entered::default() };
        match delivery.carried() {
            Some(carried) => Entered::under(sending, carried, &delivery.record, name, kind),
            None => Entered::default(),
        }
    }

    /// Work on what comes in from outside: where it belongs to no trace, one may begin. What carries
    /// `carried` on need not be told again that it is not sampled.
    pub fn enter(
        &self,
        carried: Option<Carried>,
        name: (&'static str, &str),
        kind: Kind,
    ) -> Entered {
        let Some(sending) = &self.0 else {
            return Entered { span: None, onward: own(carried) };
        };
        match carried {
            Some(carried) if carried.context.is_sampled => {
                Entered::of(Open::new(sending, Some(carried.context), name, kind))
            }
            Some(carried) => Entered { span: None, onward: own(Some(carried)) },
            None => sending.begin(name, kind),
        }
    }

    /// What is told of a record once it is folded; nothing of one that is old, because then the view
    /// catches up.
    pub fn foldable(record: &Record, context: TraceContext) -> Option<Foldable> {
        let age = clock::now().since(record.recorded_at).unwrap_or(Duration::ZERO);
        let is_live = age < FOLD_TOLD_WITHIN;
        is_live.then(|| Foldable {
            context,
            sequence: record.sequence,
            about: About::record(record),
        })
    }

    /// Tells of a batch that was folded, each record as a span of its own trace.
    pub fn folded(&self, batch: Vec<Foldable>, folded: &Folded<'_>) {
        let Some(sending) = &self.0 else { return };
        let ended_at = clock::now();
        for record in batch.into_iter().filter(|record| record.sequence > folded.after) {
            let name = ("fold", folded.view);
            let mut open = Open::new(sending, Some(record.context), name, Kind::Consumer);
            open.told(record.about);
            open.text("helmstream.view", folded.view);
            open.text("helmstream.edition", folded.edition);
            open.number("messaging.batch.message_count", folded.records as u64);
            open.outcome(if folded.parked == 0 { "folded" } else { "applied" });
            if folded.parked > 0 {
                open.number("helmstream.batch_parked", folded.parked as u64);
            }
            open.end_at(folded.began_at, ended_at);
        }
    }
}

/// A batch that a view has applied.
pub struct Folded<'a> {
    pub view: &'a str,
    pub edition: &'a str,
    pub records: usize,
    pub parked: usize,
    /// Up to here it had been applied before.
    pub after: u64,
    pub began_at: helmstream_schemas::Timestamp,
}

impl Entered {
    fn of(span: Open) -> Self {
        Self { onward: Some(span.context()), span: Some(span) }
    }

    fn under(
        sending: &Arc<Sending>,
        carried: Carried,
        record: &Record,
        name: (&'static str, &str),
        kind: Kind,
    ) -> Self {
        if !carried.context.is_sampled {
            return Self { span: None, onward: own(Some(carried)) };
        }
        let mut open = Open::new(sending, Some(carried.context), name, kind);
        open.told(About::record(record));
        Self::of(open)
    }

    /// As a span of the log; none if the work is not told.
    pub fn in_log(&self) -> tracing::Span {
        self.span.as_ref().map_or_else(tracing::Span::none, Open::in_log)
    }
}

impl Sending {
    /// A trace of ours, if this one is to be told. That it is not is carried on where the next to look
    /// would draw again.
    fn begin(self: &Arc<Self>, name: (&'static str, &str), kind: Kind) -> Entered {
        let trace_id = *Uuid::new_v4().as_bytes();
        if !self.sampler.begins(&trace_id) {
            let onward = TraceContext { trace_id, span_id: span_id(), is_sampled: false };
            let onward = (self.sampler != Sampler::NONE).then_some(onward);
            return Entered { span: None, onward };
        }
        let mut open = Open::new(self, None, name, kind);
        open.begin_trace(trace_id);
        Entered::of(open)
    }

    /// A span for the receiver, if there is room.
    fn hand_over(&self, span: Span) {
        if self.queue.try_send(span).is_err() {
            self.counted.dropped.inc();
        }
    }
}

/// What whoever comes next cannot see on the message itself.
fn own(carried: Option<Carried>) -> Option<TraceContext> {
    carried.filter(|carried| carried.by_header).map(|carried| carried.context)
}
