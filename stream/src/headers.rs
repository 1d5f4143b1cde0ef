//! Between our records and the server's messages: CloudEvents in binary mode, as the NATS protocol
//! binding has it. Attributes are `ce-` headers, percent-encoded; the data is the payload.

use std::borrow::Cow;

use async_nats::{HeaderMap, HeaderName, jetstream::message::StreamMessage};
use helmstream_schemas::{Attributes, Record, Timestamp, attributes as ce};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

/// What the binding escapes: space, double quote, per cent, and all that is not printable ASCII.
const ESCAPED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

const PREFIX: &str = "ce-";

/// Where an asker waits for the outcome. A header of our own, because a stored message's reply
/// subject is its acknowledgement.
pub const REPLY_TO: &str = "Helmstream-Reply-To";

/// The id under which OUT stores a message once. No other stream of ours relies on one: ids are
/// unique in a whole stream, and only one service writes to OUT.
pub const MESSAGE_ID: &str = "Nats-Msg-Id";

/// Attributes as headers.
pub fn to_headers(attributes: &Attributes) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in attributes.iter() {
        let value: Cow<'_, str> = utf8_percent_encode(value, ESCAPED).into();
        match own_header(name) {
            Some(name) => headers.insert(name, value.as_ref()),
            None => headers.insert(format!("{PREFIX}{name}"), value.as_ref()),
        }
    }
    headers
}

/// Headers as attributes. What is not ours is left out; bytes that are not UTF-8 once decoded are
/// kept as written.
pub fn to_attributes(headers: &HeaderMap) -> Attributes {
    let mut attributes = Attributes::default();
    for (name, values) in headers.iter() {
        let name: &str = name.as_ref();
        if let (Some(name), Some(value)) = (name.strip_prefix(PREFIX), values.first()) {
            attributes.set(name, decoded(value.as_str()));
        }
    }
    attributes
}

/// A header's value as it was meant. Hardly any has something to decode.
fn decoded(value: &str) -> Cow<'_, str> {
    if !value.as_bytes().contains(&b'%') {
        return Cow::Borrowed(value);
    }
    percent_decode_str(value).decode_utf8().unwrap_or(Cow::Borrowed(value))
}

/// The header of an attribute of ours, which is not made anew for every message.
fn own_header(name: &str) -> Option<HeaderName> {
    Some(HeaderName::from_static(match name {
        "specversion" => "ce-specversion",
        ce::ID => "ce-id",
        ce::SOURCE => "ce-source",
        ce::TYPE => "ce-type",
        ce::TIME => "ce-time",
        ce::SUBJECT => "ce-subject",
        ce::DATACONTENTTYPE => "ce-datacontenttype",
        ce::CAUSATIONID => "ce-causationid",
        ce::CAUSATIONHASH => "ce-causationhash",
        ce::CORRELATIONID => "ce-correlationid",
        ce::ACTOR => "ce-actor",
        ce::ACTORKIND => "ce-actorkind",
        ce::TRACEPARENT => "ce-traceparent",
        ce::RECEIVEDTIME => "ce-receivedtime",
        ce::INBOXSEQUENCE => "ce-inboxsequence",
        ce::DOORKEY => "ce-doorkey",
        ce::CONTENTHASH => "ce-contenthash",
        ce::PUBLISHER => "ce-publisher",
        ce::ORIGINID => "ce-originid",
        ce::EXPECTEDREVISION => "ce-expectedrevision",
        _ => return None,
    }))
}

/// A message that was read by its position.
pub fn record(stream: &str, message: StreamMessage) -> Record {
    Record {
        stream: stream.to_owned(),
        subject: message.subject.to_string(),
        sequence: message.sequence,
        recorded_at: timestamp(message.time),
        attributes: to_attributes(&message.headers),
        payload: message.payload.into(),
    }
}

/// The server's time as ours; beyond our range it is the end of our range.
pub fn timestamp(time: async_nats::datetime::DateTime) -> Timestamp {
    Timestamp::from_nanos(i64::try_from(time.unix_timestamp_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_read_back_whatever_they_hold() {
        let mut attributes = Attributes::default();
        for (name, value) in [
            ("id", "a b"),
            ("source", "/ü/\"x\"%20"),
            ("subject", "\u{7f}\n\r\u{1f600}"),
            ("type", ""),
        ] {
            attributes.set(name, value);
        }
        let headers = to_headers(&attributes);
        for (_, values) in headers.iter() {
            assert!(values[0].as_str().bytes().all(|b| b.is_ascii_graphic()), "{values:?}");
        }
        assert_eq!(to_attributes(&headers), attributes);
    }

    #[test]
    fn the_binding_escapes_what_it_says_and_no_more() {
        let mut attributes = Attributes::default();
        attributes.set("source", "Euro \u{20ac} \"\u{1f600}\" /a?b=c&d~");
        let headers = to_headers(&attributes);
        assert_eq!(
            headers.get("ce-source").unwrap().as_str(),
            "Euro%20%E2%82%AC%20%22%F0%9F%98%80%22%20/a?b=c&d~"
        );
    }

    #[test]
    fn the_header_of_every_attribute_is_its_name_behind_the_prefix() {
        for name in ["specversion", "id", "source", "type", "time", "subject", "datacontenttype"]
            .into_iter()
            .chain(["causationid", "causationhash", "correlationid", "actor", "actorkind"])
            .chain(["traceparent", "receivedtime", "inboxsequence", "doorkey", "contenthash"])
            .chain(["publisher", "originid", "expectedrevision", "foreign"])
        {
            let (own, header) = (ce::own_name(name), own_header(name));
            assert_eq!(own.is_some(), header.is_some(), "{name}");
            let mut attributes = Attributes::default();
            attributes.set(name, "x");
            let headers = to_headers(&attributes);
            assert_eq!(headers.get(format!("ce-{name}")).unwrap().as_str(), "x");
            assert_eq!(own.unwrap_or(name), name);
        }
    }

    #[test]
    fn headers_that_are_not_ours_are_left_out() {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Expected-Stream", "EVENTS");
        headers.insert("ce-id", "1");
        assert_eq!(to_attributes(&headers).iter().collect::<Vec<_>>(), [("id", "1")]);
    }
}
