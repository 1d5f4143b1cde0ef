//! Stores many messages as fast as the server takes them: acknowledgements are awaited behind, in
//! order, and every one of them is. What a bench needs on a stream before it begins.

use std::collections::VecDeque;

use anyhow::{Context, Result};
use async_nats::{HeaderMap, jetstream::context::PublishAckFuture};
use bytes::Bytes;
use helmstream_core::{NewCommand, NewEvent};
use helmstream_stream::{Connection, headers::to_headers};

/// Acknowledgements that are outstanding at most; past a thousand the server gains nothing.
const IN_FLIGHT_MAX: usize = 1_000;

/// A message on its way to a stream.
pub(crate) struct Message {
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    pub(crate) payload: Bytes,
}

impl From<NewEvent> for Message {
    fn from(event: NewEvent) -> Self {
        let headers = to_headers(&event.attributes);
        Self { subject: event.subject.to_string(), headers, payload: event.payload.into() }
    }
}

impl From<NewCommand> for Message {
    fn from(command: NewCommand) -> Self {
        let headers = to_headers(&command.attributes);
        Self { subject: command.subject().to_string(), headers, payload: command.payload.into() }
    }
}

/// Stores all of them, in order.
pub(crate) async fn fill(
    connection: &Connection,
    messages: impl Iterator<Item = Message>,
) -> Result<()> {
    let mut outstanding: VecDeque<PublishAckFuture> = VecDeque::new();
    for Message { subject, headers, payload } in messages {
        let sent = connection.jetstream.publish_with_headers(subject, headers, payload).await;
        outstanding.push_back(sent.context("cannot publish")?);
        if outstanding.len() >= IN_FLIGHT_MAX
            && let Some(oldest) = outstanding.pop_front()
        {
            oldest.await.context("cannot store")?;
        }
    }
    for sent in outstanding {
        sent.await.context("cannot store")?;
    }
    Ok(())
}
