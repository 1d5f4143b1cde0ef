//! A span: one piece of work on one message. It is made when the work begins, and handed over when it
//! has come to its end; what is interrupted is done again, and told then.

use std::sync::Arc;

use helmstream_schemas::{Record, Subject, Timestamp, TraceContext, attributes as ce};
use uuid::Uuid;

use super::{Sending, limits::TEXT_BYTES_MAX};
use crate::clock;

/// What OpenTelemetry calls the part that somebody plays in a span, with its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Server = 2,
    Producer = 4,
    Consumer = 5,
}

impl Kind {
    /// What OpenTelemetry calls this in a system of messages.
    const fn operation(self) -> Option<&'static str> {
        match self {
            Self::Server => None,
            Self::Producer => Some("send"),
            Self::Consumer => Some("process"),
        }
    }
}

/// What is told of a span under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Number(i64),
}

/// A span as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) service: &'static str,
    pub(super) context: TraceContext,
    pub(super) parent: Option<[u8; 8]>,
    /// Another trace that it belongs to as well.
    pub(super) link: Option<TraceContext>,
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) began_at: Timestamp,
    pub(super) ended_at: Timestamp,
    pub(super) told: Vec<(&'static str, Value)>,
    /// Why it counts as failed, if it does.
    pub(super) failed: Option<String>,
}

/// A span whose work goes on.
pub struct Open {
    sending: Arc<Sending>,
    span: Span,
}

impl Open {
    /// Work that begins now. Its name is an operation and what it is done to.
    pub(super) fn new(
        sending: &Arc<Sending>,
        parent: Option<TraceContext>,
        (operation, of): (&'static str, &str),
        kind: Kind,
    ) -> Self {
        let trace_id = parent.map_or_else(|| *Uuid::new_v4().as_bytes(), |parent| parent.trace_id);
        let now = clock::now();
        let span = Span {
            service: sending.service,
            context: TraceContext { trace_id, span_id: span_id(), is_sampled: true },
            parent: parent.map(|parent| parent.span_id),
            link: None,
            name: format!("{operation} {of}"),
            kind,
            began_at: now,
            ended_at: now,
            told: Vec::new(),
            failed: None,
        };
        let mut open = Self { sending: sending.clone(), span };
        if let Some(kind) = kind.operation() {
            open.text("messaging.system", "nats");
            open.text("messaging.operation.type", kind);
            open.text("messaging.operation.name", operation);
        }
        open
    }

    /// Begins a trace of this id with it.
    pub(super) fn begin_trace(&mut self, trace_id: [u8; 16]) {
        self.span.context.trace_id = trace_id;
    }

    /// Work within this work.
    pub fn child(&self, name: (&'static str, &str), kind: Kind) -> Self {
        Self::new(&self.sending, Some(self.span.context), name, kind)
    }

    /// What the messages carry that come of it.
    pub fn context(&self) -> TraceContext {
        self.span.context
    }

    /// As a span of the log, so that every line of this work names the trace.
    pub fn in_log(&self) -> tracing::Span {
        let trace_id = self.span.context.trace_hex();
        tracing::error_span!(target: super::SPAN, "traced", trace_id)
    }

    /// Names the publisher's own trace, if this one is another.
    pub fn linked_to(&mut self, own: Option<TraceContext>) {
        self.span.link = own.filter(|own| own.trace_id != self.span.context.trace_id);
    }

    pub fn text(&mut self, name: &'static str, value: impl Into<String>) {
        let mut value = value.into();
        if value.len() > TEXT_BYTES_MAX {
            value.truncate(value.floor_char_boundary(TEXT_BYTES_MAX));
        }
        self.span.told.push((name, Value::Text(value)));
    }

    /// What came of it, in the words that metrics have for it.
    pub fn outcome(&mut self, word: &str) {
        self.text("helmstream.outcome", word.replace(' ', "_"));
    }

    pub fn number(&mut self, name: &'static str, value: u64) {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.span.told.push((name, Value::Number(value)));
    }

    pub fn told(&mut self, about: About) {
        self.span.told.extend(about.0);
    }

    pub fn failed(&mut self, why: impl Into<String>) {
        self.span.failed = Some(why.into());
    }

    /// It is over.
    pub fn end(self) {
        let began_at = self.span.began_at;
        self.end_at(began_at, clock::now());
    }

    /// It took this time.
    pub fn end_at(mut self, began_at: Timestamp, ended_at: Timestamp) {
        (self.span.began_at, self.span.ended_at) = (began_at, ended_at.max(began_at));
        self.sending.hand_over(self.span);
    }
}

/// What is told of a record, whatever is done to it.
#[derive(Debug, Clone, Default)]
pub struct About(Vec<(&'static str, Value)>);

impl About {
    /// Where it lies. All that is told of what has not been cleaned of secrets yet.
    pub fn place(record: &Record) -> Self {
        let text = |text: &str| Value::Text(text.to_owned());
        Self(vec![
            ("messaging.destination.name", text(&record.stream)),
            ("helmstream.stream", text(&record.stream)),
            ("helmstream.sequence", Value::Number(record.sequence.cast_signed())),
            ("helmstream.subject", text(&record.subject)),
        ])
    }

    /// Where a record lies that the plane itself wrote, and what it is of.
    pub fn record(record: &Record) -> Self {
        let text = |text: &str| Value::Text(text.to_owned());
        let Self(mut told) = Self::place(record);
        let attribute = |name| record.attributes.get(name);
        let (mut command, mut aggregate) = (None, None);
        match record.subject.parse() {
            Ok(Subject::StoredCommand { context, id, .. }) => {
                command = attribute(ce::ID);
                aggregate = Some((context, id));
            }
            Ok(Subject::Event { context, id }) => {
                command = attribute(ce::CAUSATIONID);
                aggregate = Some((context, id));
            }
            _ => {}
        }
        if let Some((context, id)) = aggregate {
            told.push(("helmstream.context", text(context.name())));
            told.push(("helmstream.aggregate", Value::Text(id.to_string())));
        }
        let named = [
            ("messaging.message.id", attribute(ce::ID)),
            ("helmstream.command_id", command),
            ("messaging.message.conversation_id", attribute(ce::CORRELATIONID)),
            ("helmstream.type", attribute(ce::TYPE)),
        ];
        told.extend(named.into_iter().filter_map(|(name, value)| Some((name, text(value?)))));
        Self(told)
    }
}

/// The later half of a random UUID, whose first bit is set: never nought.
pub(super) fn span_id() -> [u8; 8] {
    let [.., a, b, c, d, e, f, g, h] = *Uuid::new_v4().as_bytes();
    [a, b, c, d, e, f, g, h]
}
