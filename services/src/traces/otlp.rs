//! Spans in the form of OTLP 1: the message `ExportTraceServiceRequest` of
//! `opentelemetry/proto/collector/trace/v1`, in the binary form of Protocol Buffers. The numbers of the
//! fields are those of that contract, and they never change; ADR 0023 says why they stand here.

use std::collections::BTreeMap;

use helmstream_schemas::Timestamp;
use uuid::Uuid;

use super::span::{Span, Value};

/// The forms of a field that are used here.
const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const DELIMITED: u64 = 2;
const FIXED32: u64 = 5;

/// `STATUS_CODE_ERROR`
const FAILED: u64 = 2;

/// The lowest flag of a span says that its trace is sampled.
const SAMPLED: u32 = 1;

/// A message on its way to being bytes. What is empty is left out, as the contract has it.
#[derive(Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn key(&mut self, field: u64, form: u64) {
        self.varint(field << 3 | form);
    }

    fn number(mut self, field: u64, number: u64) -> Self {
        if number != 0 {
            self.key(field, VARINT);
            self.varint(number);
        }
        self
    }

    fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        if !bytes.is_empty() {
            self.key(field, DELIMITED);
            self.varint(bytes.len() as u64);
            self.0.extend_from_slice(bytes);
        }
        self
    }

    fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    fn instant(mut self, field: u64, at: Timestamp) -> Self {
        self.key(field, FIXED64);
        self.0.extend_from_slice(&at.nanos().max(0).to_le_bytes());
        self
    }

    fn flags(mut self, field: u64, flags: u32) -> Self {
        self.key(field, FIXED32);
        self.0.extend_from_slice(&flags.to_le_bytes());
        self
    }

    /// A message within this one, also if it is empty.
    fn message(mut self, field: u64, inner: Self) -> Self {
        self.key(field, DELIMITED);
        self.varint(inner.0.len() as u64);
        self.0.extend_from_slice(&inner.0);
        self
    }

    fn messages(self, field: u64, inner: impl Iterator<Item = Self>) -> Self {
        inner.fold(self, |message, inner| message.message(field, inner))
    }
}

/// A request with these spans, those of each service together.
pub(super) fn request(spans: &[Span], instance: Uuid) -> Vec<u8> {
    let mut of_services: BTreeMap<&str, Vec<&Span>> = BTreeMap::new();
    for span in spans {
        of_services.entry(span.service).or_default().push(span);
    }
    let each =
        of_services.into_iter().map(|(service, spans)| of_service(service, &spans, instance));
    Message::default().messages(1, each).0
}

/// `ResourceSpans`
fn of_service(service: &str, spans: &[&Span], instance: Uuid) -> Message {
    let named = |name, value: String| attribute(name, &Value::Text(value));
    let resource = [
        named("service.name", format!("helmstream-{service}")),
        named("service.namespace", "helmstream".to_owned()),
        named("service.version", env!("CARGO_PKG_VERSION").to_owned()),
        named("service.instance.id", instance.to_string()),
    ];
    let scope = Message::default().text(1, "helmstream").text(2, env!("CARGO_PKG_VERSION"));
    let spans = spans.iter().map(|span| of_span(span));
    Message::default()
        .message(1, Message::default().messages(1, resource.into_iter()))
        .message(2, Message::default().message(1, scope).messages(2, spans))
}

/// `Span`
fn of_span(span: &Span) -> Message {
    let told = span.told.iter().map(|(name, value)| attribute(name, value));
    let link = span.link.iter().map(|link| {
        let flags = if link.is_sampled { SAMPLED } else { 0 };
        Message::default().bytes(1, &link.trace_id).bytes(2, &link.span_id).flags(6, flags)
    });
    let failed = span.failed.iter().map(|why| Message::default().text(2, why).number(3, FAILED));
    Message::default()
        .bytes(1, &span.context.trace_id)
        .bytes(2, &span.context.span_id)
        .bytes(4, &span.parent.unwrap_or_default()[..span.parent.map_or(0, |parent| parent.len())])
        .text(5, &span.name)
        .number(6, span.kind as u64)
        .instant(7, span.began_at)
        .instant(8, span.ended_at)
        .messages(9, told)
        .messages(13, link)
        .messages(15, failed)
        .flags(16, SAMPLED)
}

/// `KeyValue` with its `AnyValue`, which is there also if it is empty or nought.
fn attribute(name: &str, value: &Value) -> Message {
    let mut any = Message::default();
    match value {
        Value::Text(text) => {
            any.key(1, DELIMITED);
            any.varint(text.len() as u64);
            any.0.extend_from_slice(text.as_bytes());
        }
        Value::Number(number) => {
            any.key(3, VARINT);
            any.varint(number.cast_unsigned());
        }
    }
    Message::default().text(1, name).message(2, any)
}

/// How many spans a receiver says that it has not taken, though it took the request:
/// `partial_success.rejected_spans` of `ExportTraceServiceResponse`. What cannot be read says nothing.
pub(super) fn rejected(answer: &[u8]) -> u64 {
    let partial = match field(answer, 1) {
        Some(Field::Bytes(partial)) => partial,
        _ => return 0,
    };
    match field(partial, 1) {
        Some(Field::Number(rejected)) => rejected,
        _ => 0,
    }
}

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// The first field of this number.
fn field(mut message: &[u8], wanted: u64) -> Option<Field<'_>> {
    while !message.is_empty() {
        let key = take_varint(&mut message)?;
        let found = match key & 7 {
            VARINT => Field::Number(take_varint(&mut message)?),
            FIXED64 => Field::Bytes(take(&mut message, 8)?),
            DELIMITED => {
                let length = usize::try_from(take_varint(&mut message)?).ok()?;
                Field::Bytes(take(&mut message, length)?)
            }
            FIXED32 => Field::Bytes(take(&mut message, 4)?),
            _ => return None,
        };
        if key >> 3 == wanted {
            return Some(found);
        }
    }
    None
}

fn take<'a>(message: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = message.split_at_checked(length)?;
    *message = rest;
    Some(taken)
}

fn take_varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = take(message, 1)?[0];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_protocol_buffers_write_them() {
        // The examples of the published description of the encoding.
        assert_eq!(Message::default().number(1, 150).0, [0x08, 0x96, 0x01]);
        let text = Message::default().text(2, "testing").0;
        assert_eq!(text, [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67]);
        let inner = Message::default().number(1, 150);
        assert_eq!(Message::default().message(3, inner).0, [0x1a, 0x03, 0x08, 0x96, 0x01]);
    }

    #[test]
    fn what_a_receiver_has_not_taken_is_read_and_what_is_garbled_says_nothing() {
        let partial = Message::default().number(1, 300).text(2, "too many");
        let answer = Message::default().message(1, partial).0;
        assert_eq!(rejected(&answer), 300);
        assert_eq!(rejected(&[]), 0);
        for length in 1..answer.len() {
            assert!(rejected(&answer[..length]) == 0 || length > 4, "{length}");
        }
        assert_eq!(rejected(&[0xff; 40]), 0);
    }
}
