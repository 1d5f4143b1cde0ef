//! What was delivered and yet never came: a message whose headers the client cannot read cuts its
//! connection, or ends it for good, and one that pretends to be a word of the server's own is
//! swallowed. They would be delivered again for ever. So they are read by their positions, in an
//! answer of the server's API, which is JSON whatever they hold. Which they are is told by the
//! client's own rules, to the letter: what it can hand over is nobody's affair here.

use std::str::from_utf8;

use async_nats::{Message, StatusCode, jetstream};
use base64::{Engine, prelude::BASE64_STANDARD};
use helmstream_schemas::{Attributes, Record, Timestamp};
use serde::Deserialize;
use serde_json::json;

use super::{Delivery, Durable, found};
use crate::{Connection, StreamError, api::ask};

/// Why headers cannot be read, and the headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unheard {
    /// Bytes of the headers; they stand before the payload in the record's.
    pub header_bytes: usize,
    /// Says nothing of what stands there but where and what kind of fault it is.
    pub fault: String,
}

/// How far a durable has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Everything up to here is acknowledged.
    pub acknowledged_to: u64,
    /// Nothing behind this was delivered.
    pub delivered_to: u64,
    /// Its number of the last delivery.
    deliveries: u64,
    /// How many messages were delivered and are not acknowledged.
    pub pending: usize,
}

/// Looks how far a durable has come.
pub async fn standing(connection: &Connection, durable: &Durable) -> Result<Standing, StreamError> {
    let consumer = found(connection, durable).await?;
    let info = consumer.cached_info();
    Ok(Standing {
        acknowledged_to: info.ack_floor.stream_sequence,
        delivered_to: info.delivered.stream_sequence,
        deliveries: info.delivered.consumer_sequence,
        pending: info.num_ack_pending,
    })
}

/// What was delivered up to a position, is not acknowledged and still there, in order.
pub async fn pending(
    connection: &Connection,
    durable: &Durable,
    standing: &Standing,
    to: u64,
) -> Result<Vec<Delivery>, StreamError> {
    let mut found = Vec::new();
    let mut next = standing.acknowledged_to + 1;
    while next <= to {
        match message_from(connection, durable, next).await? {
            Some(stored) if stored.seq <= to => {
                next = stored.seq + 1;
                found.push(stored.delivery(connection, durable, standing)?);
            }
            _ => break,
        }
    }
    Ok(found)
}

/// A message as the server's API tells it.
#[derive(Deserialize)]
struct Stored {
    subject: String,
    seq: u64,
    #[serde(default)]
    hdrs: String,
    #[serde(default)]
    data: String,
    time: Timestamp,
}

/// The first message at a position or behind it.
async fn message_from(
    connection: &Connection,
    durable: &Durable,
    position: u64,
) -> Result<Option<Stored>, StreamError> {
    let subject = format!("$JS.API.STREAM.MSG.GET.{}", durable.stream);
    let body = json!({ "seq": position, "next_by_subj": ">" }).to_string();
    let Some(mut answer) = ask(connection, &subject, body).await? else { return Ok(None) };
    let message = serde_json::from_value(answer["message"].take());
    message.map(Some).map_err(|source| StreamError::Malformed {
        what: format!("the answer to {subject}"),
        source,
    })
}

impl Stored {
    fn delivery(
        self,
        connection: &Connection,
        durable: &Durable,
        standing: &Standing,
    ) -> Result<Delivery, StreamError> {
        let Self { subject, seq: sequence, hdrs, data, time: recorded_at } = self;
        let bytes = |text: &str| {
            BASE64_STANDARD.decode(text).map_err(|error| StreamError::Foreign {
                subject: subject.clone(),
                sequence,
                detail: error.to_string(),
            })
        };
        let (headers, mut payload) = (bytes(&hdrs)?, bytes(&data)?);
        let header_bytes = headers.len();
        let unheard = fault(&headers).map(|fault| Unheard { header_bytes, fault });
        if unheard.is_some() {
            payload.splice(..0, headers);
        }
        // An acknowledgement is looked up by its position, and its other numbers count where it is
        // not found; none has the number nought. What asks for another delivery has to name one.
        let number = if unheard.is_some() { 0 } else { standing.deliveries };
        let Durable { stream, name, .. } = durable;
        let reply =
            format!("$JS.ACK.{stream}.{name}.1.{sequence}.{number}.{}.0", recorded_at.nanos());
        let message = Message {
            subject: subject.as_str().into(),
            reply: Some(reply.into()),
            payload: Default::default(),
            headers: None,
            status: None,
            description: None,
            length: 0,
        };
        let record = Record {
            stream: (*stream).to_owned(),
            subject,
            sequence,
            recorded_at,
            attributes: Attributes::default(),
            payload,
        };
        let message = jetstream::Message { message, context: connection.jetstream.clone() };
        Ok(Delivery {
            record,
            reply_to: None,
            scheduler: None,
            again: true,
            unheard,
            deliveries: 1,
            later: None,
            is_for_newer: false,
            message,
        })
    }
}

/// Why the client would not hand a message with these headers over; `None` if it would.
fn fault(headers: &[u8]) -> Option<String> {
    if headers.is_empty() {
        return None;
    }
    let text = match from_utf8(headers) {
        Ok(text) => text,
        Err(error) => {
            let at = error.valid_up_to();
            return Some(format!("byte {at} of the headers, 0x{:02x}, is not UTF-8", headers[at]));
        }
    };
    let mut lines = text.lines().enumerate().peekable();
    let version = lines.next().and_then(|(_, line)| line.strip_prefix("NATS/1.0"));
    let Some(status) = version.map(str::trim) else {
        return Some("the headers do not begin with `NATS/1.0`".to_owned());
    };
    let status = status.split_once(' ').map_or(status, |(status, _)| status.trim());
    let is_plain = status.is_empty()
        || status.parse::<StatusCode>().is_ok_and(|status| status == StatusCode::OK);
    if !is_plain {
        return Some("the headers have a status, as only the server's own words do".to_owned());
    }
    while let Some((number, line)) = lines.next() {
        if line.is_empty() {
            continue;
        }
        let header = line.split_once(':');
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_graphic());
        let Some((_, value)) = header.filter(|(name, _)| is_name(name)) else {
            return Some(format!("line {} of the headers is no header", number + 1));
        };
        let mut value = value.trim_start().to_owned();
        while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with(char::is_whitespace))
        {
            value.push_str(more);
        }
        // Where one stands the client gives up not the message but itself.
        if value.trim_end().contains('\r') {
            return Some(format!("line {} of the headers holds a carriage return", number + 1));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_the_client_reads_have_no_fault() {
        for headers in [
            "",
            "NATS/1.0\r\n\r\n",
            "NATS/1.0\r\nce-id: 1\r\nx:\r\n\r\n",
            "NATS/1.0\r\nce-id: a\r\n folded\r\n\tagain\r\n\r\n",
            "NATS/1.0\r\n: no name\r\n\r\n",
            "NATS/1.0 200\r\n\r\n",
            "NATS/1.0 200 fine\r\n\r\n",
            "NATS/1.0\r\nce-id: \u{1f600}\r\n\r\n",
            "NATS/1.0\nce-id: 1\n\n",
            "NATS/1.0\r\nce-id: \r1\r\r\n\r\n",
        ] {
            assert_eq!(fault(headers.as_bytes()), None, "{headers:?}");
        }
    }

    #[test]
    fn a_fault_is_told_by_its_place_and_without_what_stands_there() {
        for (headers, said) in [
            (
                &b"NATS/1.0\r\nce-id: a\xffb\r\n\r\n"[..],
                "byte 18 of the headers, 0xff, is not UTF-8",
            ),
            (b"NATS/1.0\r\n\xc3", "byte 10 of the headers, 0xc3, is not UTF-8"),
            (b"nonsense\r\n\r\n", "the headers do not begin with `NATS/1.0`"),
            (b"\r\n", "the headers do not begin with `NATS/1.0`"),
            (b"NATS/1.0 404 No Messages\r\n\r\n", "the headers have a status"),
            (b"NATS/1.0 100\r\n\r\n", "the headers have a status"),
            (b"NATS/1.0 4\r\n\r\n", "the headers have a status"),
            (b"NATS/1.0\r\nno colon\r\n\r\n", "line 2 of the headers is no header"),
            (b"NATS/1.0\r\n folded: first\r\n\r\n", "line 2 of the headers is no header"),
            (b"NATS/1.0\r\nce-id: a\rb\r\n", "line 2 of the headers holds a carriage return"),
            (b"NATS/1.0\r\na: 1\r\n b\r\n\xc3\xa4: 1\r\n", "line 4 of the headers is no header"),
        ] {
            let found = fault(headers).unwrap_or_default();
            assert!(found.starts_with(said), "{found:?} of {headers:?}");
        }
    }
}
