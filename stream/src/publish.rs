//! One message stored, and the server's own answer to it, read whole. (The client's publisher maps
//! one of the two codes that mean conflict to a kind of its own and hides the other.)

use async_nats::{HeaderMap, RequestErrorKind};
use bytes::Bytes;
use serde::Deserialize;

use crate::{Connection, StreamError};

/// What the server says of a publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Published {
    /// Stored at this position.
    Stored { sequence: u64 },
    /// Refused with this code of the server's own.
    Refused { status: u64, code: u64, description: String },
    /// No answer: it may or may not be stored.
    Unknown,
}

/// Publishes to a stream and waits for the answer, `ACK_TIMEOUT_SECONDS` at most.
pub async fn publish(
    connection: &Connection,
    subject: &str,
    headers: HeaderMap,
    payload: Bytes,
) -> Result<Published, StreamError> {
    let request = connection.client.request_with_headers(subject.to_owned(), headers, payload);
    let answer = connection.unless_denied(subject, request).await?;
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => {
            return match error.kind() {
                RequestErrorKind::TimedOut => {
                    connection.tally.not_stored(subject, "no answer comes".into());
                    Ok(Published::Unknown)
                }
                _ => Err(StreamError::NoAnswer { subject: subject.to_owned(), source: error }),
            };
        }
    };
    if answer.payload.is_empty() {
        // A member of an atomic batch is acknowledged with nothing.
        return Ok(Published::Stored { sequence: 0 });
    }
    let answer: Answer = serde_json::from_slice(&answer.payload).map_err(|source| {
        StreamError::Malformed { what: format!("the answer to {subject}"), source }
    })?;
    Ok(match answer {
        Answer { error: Some(Refusal { code: status, err_code: code, description }), .. } => {
            // The others say something of what was published, and not of where.
            if is_of_the_server(status) {
                let why = format!("{description} (code {code})");
                connection.tally.not_stored(subject, why);
            }
            Published::Refused { status, code, description }
        }
        Answer { seq, .. } => {
            connection.tally.stored(subject);
            Published::Stored { sequence: seq.unwrap_or(0) }
        }
    })
}

/// Publishes what needs no guard; anything but stored is an error.
pub async fn store(
    connection: &Connection,
    subject: &str,
    headers: HeaderMap,
    payload: Bytes,
) -> Result<u64, StreamError> {
    match publish(connection, subject, headers, payload).await? {
        Published::Stored { sequence } => Ok(sequence),
        Published::Refused { status, code, description } => {
            Err(StreamError::Refused { subject: subject.to_owned(), status, code, description })
        }
        Published::Unknown => Err(StreamError::Unanswered { subject: subject.to_owned() }),
    }
}

/// While it starts, loses its leader, or has no room.
fn is_of_the_server(status: u64) -> bool {
    status >= 500
}

#[derive(Deserialize)]
struct Answer {
    seq: Option<u64>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: u64,
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}
