//! The server's API: asked in JSON, answered in JSON, and every answer read whole.

use std::time::Duration;

use async_nats::Request;
use bytes::Bytes;
use serde_json::Value;

use crate::{Connection, StreamError, limits};

/// Asks; nothing means that what was asked about is not there.
pub(crate) async fn ask(
    connection: &Connection,
    subject: &str,
    body: impl Into<Bytes>,
) -> Result<Option<Value>, StreamError> {
    ask_for(connection, subject, body, limits::REQUEST_TIMEOUT_SECONDS).await
}

/// The same of what takes its time. What is answered with nothing is answered with null.
pub(crate) async fn ask_for(
    connection: &Connection,
    subject: &str,
    body: impl Into<Bytes>,
    seconds_max: u64,
) -> Result<Option<Value>, StreamError> {
    let timeout = Some(Duration::from_secs(seconds_max));
    let request = Request::new().payload(body.into()).timeout(timeout);
    let asking = connection.client.send_request(subject.to_owned(), request);
    let answer = connection.unless_denied(subject, asking).await?;
    let answer =
        answer.map_err(|source| StreamError::NoAnswer { subject: subject.to_owned(), source })?;
    if answer.payload.is_empty() {
        return Ok(Some(Value::Null));
    }
    let value: Value = serde_json::from_slice(&answer.payload).map_err(|source| {
        StreamError::Malformed { what: format!("the answer to {subject}"), source }
    })?;
    match value.get("error") {
        None => Ok(Some(value)),
        Some(error) if error["code"] == 404 => Ok(None),
        Some(error) => Err(refused(
            subject,
            error["code"].as_u64().unwrap_or_default(),
            error["err_code"].as_u64().unwrap_or_default(),
            error["description"].as_str().unwrap_or_default(),
        )),
    }
}

/// What the server refuses, or what its answer amounts to.
pub(crate) fn refused(subject: &str, status: u64, code: u64, description: &str) -> StreamError {
    let description = description.to_owned();
    StreamError::Refused { subject: subject.to_owned(), status, code, description }
}
