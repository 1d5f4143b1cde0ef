//! A stream, put back on a server that does not have it.

use std::time::Duration;

use async_nats::RequestErrorKind;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::{
    Connection, StreamError,
    api::{ask_for, refused},
    limits,
};

/// Hands a stream to the server as it was taken: its configuration, its state, and the bytes, piece by
/// piece. Only how many servers hold it is not the backup's affair: `replicas`, as setup has it. What the
/// server then has. It refuses one that it has already. As NATS user `restore`.
pub async fn restore<E: From<StreamError>>(
    connection: &Connection,
    stream: &str,
    config: &Value,
    state: &Value,
    replicas: usize,
    mut next: impl AsyncFnMut() -> Result<Option<Bytes>, E>,
) -> Result<Value, E> {
    let subject = format!("$JS.API.STREAM.RESTORE.{stream}");
    let mut config = config.clone();
    config["num_replicas"] = replicas.into();
    let body = json!({ "config": config, "state": state }).to_string();
    let begun = ask_for(connection, &subject, body, limits::BACKUP_SILENCE_SECONDS_MAX).await?;
    let to = begun.as_ref().and_then(|begun| begun["deliver_subject"].as_str());
    let Some(to) = to.map(str::to_owned) else {
        return Err(refused(&subject, 500, 0, "the server does not say where to send it").into());
    };
    while let Some(piece) = next().await? {
        // An empty piece would be the end.
        if !piece.is_empty() {
            hand_on(connection, &to, piece).await?;
        }
    }
    let done = ask_for(connection, &to, "", limits::BACKUP_LOOK_SECONDS_MAX).await?;
    Ok(done.unwrap_or_default())
}

/// Hands a piece to the server that takes the stream on. Of several it may be another one than answers
/// us, and not known to that one yet: where nobody is, nothing was taken.
async fn hand_on(connection: &Connection, to: &str, piece: Bytes) -> Result<(), StreamError> {
    let seconds_max = limits::BACKUP_SILENCE_SECONDS_MAX;
    let until = Instant::now() + Duration::from_secs(seconds_max);
    loop {
        match ask_for(connection, to, piece.clone(), seconds_max).await {
            Err(StreamError::NoAnswer { source, .. })
                if source.kind() == RequestErrorKind::NoResponders && Instant::now() < until =>
            {
                sleep(limits::BACKUP_AGAIN_AFTER).await;
            }
            answered => return answered.map(drop),
        }
    }
}
