//! A stream, taken whole while it is written to.

use std::time::Duration;

use async_nats::{Message, Subscriber};
use bytes::Bytes;
use futures_util::StreamExt;
use serde_json::{Value, json};

use crate::{
    Connection, StreamError,
    api::{ask_for, refused},
    limits,
};

/// What the server says of a stream when it begins to hand it out. What it hands out holds at least
/// this, and possibly what was stored meanwhile.
#[derive(Debug, Clone)]
pub struct Taken {
    pub config: Value,
    pub state: Value,
}

impl Taken {
    /// A number of its state.
    pub fn count(&self, name: &str) -> u64 {
        self.state[name].as_u64().unwrap_or_default()
    }
}

/// Has the server look a stream over and hand it out; `take` gets it piece by piece, and the server
/// goes on only as pieces are taken. As NATS user `backup`.
pub async fn snapshot<E: From<StreamError>>(
    connection: &Connection,
    stream: &str,
    mut take: impl AsyncFnMut(Bytes) -> Result<(), E>,
) -> Result<Taken, E> {
    let subject = format!("$JS.API.STREAM.SNAPSHOT.{stream}");
    let cut =
        |detail: &str| StreamError::Cut { stream: stream.to_owned(), detail: detail.to_owned() };
    let inbox = connection.client.new_inbox();
    let subscribed = connection.client.subscribe(inbox.clone()).await;
    let mut pieces = subscribed.map_err(|error| cut(&error.to_string()))?;
    let body = json!({
        "deliver_subject": inbox,
        "no_consumers": true,
        "chunk_size": limits::BACKUP_CHUNK_BYTES,
        "jsck": true,
    });
    let body = body.to_string();
    let answer = ask_for(connection, &subject, body, limits::BACKUP_LOOK_SECONDS_MAX).await?;
    let Some(answer) = answer else {
        return Err(refused(&subject, 404, 0, "there is no such stream").into());
    };
    let taken = Taken { config: answer["config"].clone(), state: answer["state"].clone() };
    while let Some(piece) = next(&mut pieces, cut).await? {
        take(piece.payload).await?;
        if let Some(reply) = piece.reply {
            let acknowledged = connection.client.publish(reply, "".into()).await;
            acknowledged.map_err(|error| cut(&error.to_string()))?;
        }
    }
    Ok(taken)
}

/// The next piece; none at the end.
async fn next(
    pieces: &mut Subscriber,
    cut: impl Fn(&str) -> StreamError,
) -> Result<Option<Message>, StreamError> {
    let wait = Duration::from_secs(limits::BACKUP_SILENCE_SECONDS_MAX);
    let piece = tokio::time::timeout(wait, pieces.next()).await;
    let piece = piece.map_err(|_| cut("the server sends nothing more of it"))?;
    let piece = piece.ok_or_else(|| cut("the connection closed"))?;
    match piece.status {
        _ if !piece.payload.is_empty() => Ok(Some(piece)),
        // The end, as servers before and since 2.14 say it.
        None => Ok(None),
        Some(status) if status.as_u16() == 204 => Ok(None),
        Some(status) => {
            let said = piece.description.as_deref().unwrap_or_default();
            Err(cut(&format!("{status} {said}")))
        }
    }
}
