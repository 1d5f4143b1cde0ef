//! Appends events of one aggregate, by compare-and-set on its exact subject. No message id: ids
//! are unique per stream, so somebody else's could swallow an append. The guard alone decides.

use async_nats::HeaderMap;
use helmstream_core::NewEvent;
use helmstream_schemas::TraceContext;

use crate::{
    Connection, StreamError, batch, crash,
    headers::to_headers,
    hop,
    publish::{Published, publish},
};

/// The stream that holds the truth.
pub const EVENTS: &str = "EVENTS";

const EXPECTED_STREAM: &str = "Nats-Expected-Stream";
const EXPECTED_LAST: &str = "Nats-Expected-Last-Subject-Sequence";

/// Both codes by which the server says that the guard did not hold: the second is what a clustered
/// stream answers while another append to the subject is in flight.
const CONFLICT_CODES: [u64; 2] = [10_071, 10_164];

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// Stored; the last event has this position, the others come right before it.
    Stored { last: u64 },
    /// Somebody else appended first; nothing is stored.
    Conflict,
    /// No answer came. Only reading the log can tell.
    Unknown,
}

/// Appends the events of one decision, all or none, if the subject's last position is still
/// `revision` (0: it has none).
pub async fn append(
    connection: &Connection,
    events: &[NewEvent],
    revision: u64,
) -> Result<Appended, StreamError> {
    append_on(connection, events, revision, None).await
}

/// The same, and its events carry a trace on.
pub async fn append_on(
    connection: &Connection,
    events: &[NewEvent],
    revision: u64,
    onward: Option<TraceContext>,
) -> Result<Appended, StreamError> {
    let published = match events {
        [event] => {
            let mut headers = guarded(event, revision);
            hop::carry(&mut headers, onward);
            publish(connection, &event.subject.to_string(), headers, event.payload.clone().into())
                .await?
        }
        _ => batch::publish_atomically(connection, events, revision, onward).await?,
    };
    crash::point("appended");
    match published {
        Published::Stored { sequence } => Ok(Appended::Stored { last: sequence }),
        Published::Unknown => {
            connection.tally.unanswered.add();
            Ok(Appended::Unknown)
        }
        Published::Refused { code, .. } if CONFLICT_CODES.contains(&code) => {
            connection.tally.conflicts.add();
            Ok(Appended::Conflict)
        }
        Published::Refused { status, code, description } => {
            let subject = events.first().map(|event| event.subject.to_string()).unwrap_or_default();
            Err(StreamError::Refused { subject, status, code, description })
        }
    }
}

/// The event's headers with the guard. Subject and guard come from one typed value, because the
/// server takes a guard that covers nothing without a word.
pub(crate) fn guarded(event: &NewEvent, revision: u64) -> HeaderMap {
    let mut headers = to_headers(&event.attributes);
    headers.insert(EXPECTED_STREAM, EVENTS);
    headers.insert(EXPECTED_LAST, revision.to_string());
    headers
}
