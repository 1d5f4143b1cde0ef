//! One hop of a trace: what a message carries beside what it says, in the plain header `traceparent`.
//! Transport only: it is in no record, in no hash and in no view. The attribute of that name is the
//! publisher's and is never written here.

use std::{
    sync::{Mutex, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use async_nats::HeaderMap;
use helmstream_schemas::{Attributes, Timestamp, TraceContext, attributes as ce};

/// The header, beside `ce-traceparent`, which is the attribute.
pub const TRACEPARENT: &str = "traceparent";

/// The trace that a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carried {
    pub context: TraceContext,
    /// The header said so, and not the publisher's attribute.
    pub by_header: bool,
}

/// What a message carries: its header, written by whoever sent it, and else the publisher's own trace.
/// Some clients write every header's name with a capital.
pub fn carried(headers: Option<&HeaderMap>, attributes: &Attributes) -> Option<Carried> {
    let named = headers.into_iter().flat_map(HeaderMap::iter);
    let mut own = named.filter(|(name, _)| {
        let name: &str = name.as_ref();
        name.eq_ignore_ascii_case(TRACEPARENT)
    });
    let by_header = own.find_map(|(_, values)| TraceContext::parse(values.first()?.as_str()));
    match by_header {
        Some(context) => Some(Carried { context, by_header: true }),
        None => Some(Carried { context: of(attributes)?, by_header: false }),
    }
}

/// The publisher's own trace.
pub fn of(attributes: &Attributes) -> Option<TraceContext> {
    attributes.get(ce::TRACEPARENT).and_then(TraceContext::parse)
}

/// Lets a message carry a trace on, if there is one.
pub fn carry(headers: &mut HeaderMap, onward: Option<TraceContext>) {
    if let Some(context) = onward {
        headers.insert(TRACEPARENT, context.to_string());
    }
}

/// An append on its way: the trace that its events carry, and how it went.
#[derive(Debug)]
pub struct Appending {
    pub onward: TraceContext,
    went: Mutex<Option<Went>>,
}

/// How an append went that was not refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Went {
    pub began_at: Timestamp,
    pub ended_at: Timestamp,
    /// Position of the last event; 0 if no answer came.
    pub last: u64,
    pub events: usize,
}

impl Appending {
    pub fn new(onward: TraceContext) -> Self {
        Self { onward, went: Mutex::default() }
    }

    /// How it went; nothing if nothing was appended.
    pub fn went(&self) -> Option<Went> {
        *self.went.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, began_at: Timestamp, events: usize, last: u64) {
        let went = Went { began_at, ended_at: now(), last, events };
        *self.went.lock().unwrap_or_else(PoisonError::into_inner) = Some(went);
    }
}

/// The machine's clock: a span tells when, and nothing is decided by it.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use crate::headers::{to_attributes, to_headers};

    use super::*;

    const HOP: &str = "00-5b1f0e9c3a774d20b6a1c2d3e4f50617-9a8b7c6d5e4f3021-01";
    const OWN: &str = "00-5b1f0e9c3a774d20b6a1c2d3e4f50617-1111111111111111-01";

    #[test]
    fn the_header_counts_before_the_attribute_and_what_is_malformed_not_at_all() {
        let mut attributes = Attributes::default();
        attributes.set(ce::TRACEPARENT, OWN);
        let mut headers = to_headers(&attributes);
        let found = carried(Some(&headers), &attributes).unwrap();
        assert_eq!((found.context.to_string().as_str(), found.by_header), (OWN, false));
        headers.insert("Traceparent", "00-xyz");
        assert_eq!(carried(Some(&headers), &attributes), Some(found));
        headers.insert("Traceparent", HOP);
        let found = carried(Some(&headers), &attributes).unwrap();
        assert_eq!((found.context.to_string().as_str(), found.by_header), (HOP, true));
        assert_eq!(carried(None, &Attributes::default()), None);
    }

    #[test]
    fn what_a_message_carries_is_no_part_of_its_record() {
        let mut attributes = Attributes::default();
        attributes.set(ce::TRACEPARENT, "whatever it is");
        let mut headers = to_headers(&attributes);
        carry(&mut headers, TraceContext::parse(HOP));
        assert_eq!(headers.get(TRACEPARENT).unwrap().as_str(), HOP);
        assert_eq!(to_attributes(&headers), attributes);
    }
}
