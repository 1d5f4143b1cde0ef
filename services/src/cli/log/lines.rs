//! The log for machines: one JSON object a line, which can be read without any other line. It has
//! `time`, `level`, `service` (where one speaks), `trace_id` (of work that is told in a trace), `message`
//! and `target` first, and then the fields of what is said, by their own names. What steers a terminal is written out, as JSON does.

use std::{fmt, io::Write};

use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer,
    layer::Context,
    registry::{LookupSpan, Scope},
};

use super::Aside;
use crate::{clock, limits::LOG_FIELD_BYTES_MAX};

/// Writes each event as a line.
pub(super) struct Lines;

/// The service that a span speaks of.
struct Service(String);

/// The trace that the work within a span is told in.
struct Trace(String);

/// Fields as they were given.
#[derive(Default)]
struct Fields(Map<String, Value>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        let Some(span) = context.span(id) else { return };
        if let Some(Value::String(service)) = fields.0.remove("service") {
            span.extensions_mut().insert(Service(service));
        }
        if let Some(Value::String(trace)) = fields.0.remove("trace_id") {
            span.extensions_mut().insert(Trace(trace));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let service = within(context.event_scope(event), |Service(service)| service.clone());
        let trace = within(context.event_scope(event), |Trace(trace)| trace.clone());
        let metadata = event.metadata();
        let level = metadata.level().as_str().to_lowercase();
        let whose = (service, trace);
        let line = line(&clock::now().to_string(), &level, whose, metadata.target(), fields.0);
        // A log that cannot be written is no reason to stop.
        let _ = Aside.write_all(line.as_bytes());
    }
}

/// What the nearest span says that says it.
fn within<S: for<'a> LookupSpan<'a>, T: 'static>(
    spans: Option<Scope<'_, S>>,
    read: impl Fn(&T) -> String,
) -> Option<String> {
    spans?.find_map(|span| span.extensions().get::<T>().map(&read))
}

fn line(
    time: &str,
    level: &str,
    (service, trace): (Option<String>, Option<String>),
    target: &str,
    mut fields: Map<String, Value>,
) -> String {
    let message = fields.remove("message").unwrap_or_default();
    let own = fields.remove("service");
    let service = service.map(Value::String).or(own);
    let mut parts = vec![("time".to_owned(), time.into()), ("level".to_owned(), level.into())];
    parts.extend(service.map(|service| ("service".to_owned(), service)));
    parts.extend(trace.map(|trace| ("trace_id".to_owned(), trace.into())));
    parts.push(("message".to_owned(), message));
    parts.push(("target".to_owned(), target.into()));
    // A field never takes the place of what every line has.
    let is_taken = |name: &str| matches!(name, "time" | "level" | "target" | "trace_id");
    parts.extend(fields.into_iter().map(|(name, value)| match is_taken(&name) {
        true => (format!("{name}_"), value),
        false => (name, value),
    }));
    let parts: Vec<String> =
        parts.into_iter().map(|(name, value)| format!("{}:{value}", Value::String(name))).collect();
    format!("{{{}}}\n", parts.join(","))
}

impl Fields {
    fn keep(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }

    fn keep_text(&mut self, field: &Field, mut text: String) {
        if text.len() > LOG_FIELD_BYTES_MAX {
            text.truncate(text.floor_char_boundary(LOG_FIELD_BYTES_MAX));
            text.push('…');
        }
        self.keep(field, Value::String(text));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.keep_text(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep_text(field, value.to_owned());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.keep(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, Value)]) -> Map<String, Value> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    #[test]
    fn a_line_says_when_how_bad_whose_and_what_before_its_fields() {
        let said = fields(&[
            ("message", "a snapshot was not written".into()),
            ("context", "run".into()),
            ("aggregate", "acme/shop".into()),
        ]);
        assert_eq!(
            line(
                "2026-02-03T04:05:06Z",
                "warn",
                (Some("run".into()), Some("5b1f".into())),
                "a::b",
                said
            ),
            "{\"time\":\"2026-02-03T04:05:06Z\",\"level\":\"warn\",\"service\":\"run\",\
             \"trace_id\":\"5b1f\",\"message\":\"a snapshot was not written\",\"target\":\"a::b\",\
             \"aggregate\":\"acme/shop\",\"context\":\"run\"}\n"
        );
    }

    #[test]
    fn no_field_takes_the_place_of_what_every_line_has_and_none_ends_it() {
        let said = fields(&[
            ("message", "two\nlines\u{1b}[2J".into()),
            ("time", "never".into()),
            ("service", "door".into()),
        ]);
        let line = line("now", "info", (None, None), "a", said);
        assert_eq!(line.matches('\n').count(), 1);
        assert!(!line.contains('\u{1b}'), "{line}");
        let read: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(read["time"], "now");
        assert_eq!(read["time_"], "never");
        assert_eq!(read["service"], "door");
        assert_eq!(read["message"], "two\nlines\u{1b}[2J");
    }
}
