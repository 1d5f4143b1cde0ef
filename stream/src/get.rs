//! Reads stored messages straight, without a consumer: the last of a subject, one by position, or
//! a subject from a position on, whole or page by page.

use async_nats::{Message, StatusCode};
use futures_util::StreamExt;
use helmstream_schemas::{Record, Timestamp, words};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{Connection, StreamError, api::ask, batch, headers::to_attributes, limits};

/// Messages of a subject in order.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) records: Vec<Record>,
    /// Whether the last of them is of a batch of which more has to follow.
    pub(crate) is_cut: bool,
}

impl History {
    fn push(&mut self, stream: &str, message: Message) -> Result<(), StreamError> {
        self.is_cut = message.headers.as_ref().is_some_and(batch::has_more);
        self.records.push(stored(stream, message)?);
        Ok(())
    }
}

/// The last message of a subject, if it has any.
pub async fn last(
    connection: &Connection,
    stream: &str,
    subject: &str,
) -> Result<Option<Record>, StreamError> {
    one(connection, stream, format!("$JS.API.DIRECT.GET.{stream}.{subject}"), Vec::new()).await
}

/// The message at a position, if it is still there. Any server that holds the stream may answer, also one
/// that was away and has not got everything yet; so that something is not there is said by the leader.
pub async fn at(
    connection: &Connection,
    stream: &str,
    sequence: u64,
) -> Result<Option<Record>, StreamError> {
    let body = json!({ "seq": sequence }).to_string().into_bytes();
    let found = one(connection, stream, format!("$JS.API.DIRECT.GET.{stream}"), body).await?;
    if found.is_none() && is_held(connection, stream, sequence).await? {
        let detail = format!("{sequence} is there, and who answered has not got it yet");
        return Err(StreamError::Cut { stream: stream.to_owned(), detail });
    }
    Ok(found)
}

/// Whether a stream of several copies holds a position, as its leader knows it. Of one copy whoever
/// answered was the leader.
async fn is_held(
    connection: &Connection,
    stream: &str,
    sequence: u64,
) -> Result<bool, StreamError> {
    let subject = format!("$JS.API.STREAM.INFO.{stream}");
    let body = json!({ "deleted_details": true }).to_string();
    let Some(info) = ask(connection, &subject, body).await? else { return Ok(false) };
    let number = |name: &str| info["state"][name].as_u64().unwrap_or_default();
    let is_deleted = || {
        let mut deleted = info["state"]["deleted"].as_array().into_iter().flatten();
        deleted.any(|deleted| deleted.as_u64() == Some(sequence))
    };
    let has_copies = info["config"]["num_replicas"].as_u64() > Some(1);
    let is_within = (number("first_seq")..=number("last_seq")).contains(&sequence);
    Ok(has_copies && is_within && !is_deleted())
}

/// How many messages a stream holds on a subject, as its leader knows it; wildcards are allowed. What was
/// read is all of it if it is as many: it may come from a server that has not got everything yet.
pub(crate) async fn count(
    connection: &Connection,
    stream: &str,
    subject: &str,
) -> Result<u64, StreamError> {
    let api = format!("$JS.API.STREAM.INFO.{stream}");
    let body = json!({ "subjects_filter": subject }).to_string();
    let info = ask(connection, &api, body).await?.unwrap_or_default();
    let each = info["state"]["subjects"].as_object().into_iter().flatten();
    Ok(each.filter_map(|(_, count)| count.as_u64()).sum())
}

/// The first message of a subject, if it has any.
pub async fn first(
    connection: &Connection,
    stream: &str,
    subject: &str,
) -> Result<Option<Record>, StreamError> {
    let body = json!({ "seq": 1, "next_by_subj": subject }).to_string().into_bytes();
    one(connection, stream, format!("$JS.API.DIRECT.GET.{stream}"), body).await
}

/// The first message of a subject from position `from` on, if there is any; wildcards are allowed.
pub async fn next(
    connection: &Connection,
    stream: &str,
    subject: &str,
    from: u64,
) -> Result<Option<Record>, StreamError> {
    let body = json!({ "seq": from.max(1), "next_by_subj": subject }).to_string().into_bytes();
    one(connection, stream, format!("$JS.API.DIRECT.GET.{stream}"), body).await
}

/// All messages of a subject from position `from` on, in order.
pub async fn all(
    connection: &Connection,
    stream: &str,
    subject: &str,
    from: u64,
) -> Result<Vec<Record>, StreamError> {
    history(connection, stream, subject, from).await.map(|history| history.records)
}

/// The same, with whether they end in the middle of a batch.
pub(crate) async fn history(
    connection: &Connection,
    stream: &str,
    subject: &str,
    from: u64,
) -> Result<History, StreamError> {
    let mut history = History::default();
    loop {
        let next = history.records.last().map_or(from.max(1), |last| last.sequence + 1);
        let pending = round(connection, stream, subject, next, &mut history).await?;
        if pending == 0 {
            return Ok(history);
        }
    }
}

/// The last message of a subject, if it has any; as a history of one.
pub(crate) async fn end(
    connection: &Connection,
    stream: &str,
    subject: &str,
) -> Result<History, StreamError> {
    let mut history = History::default();
    let api = format!("$JS.API.DIRECT.GET.{stream}.{subject}");
    if let Some(message) = message(connection, api, Vec::new()).await? {
        history.push(stream, message)?;
    }
    Ok(history)
}

/// The next messages of a subject from position `from` on, in order: a bounded number of a bounded
/// size. None if the stream has no more of them; it never waits for more, as a consumer would.
pub async fn page(
    connection: &Connection,
    stream: &str,
    subject: &str,
    from: u64,
) -> Result<Vec<Record>, StreamError> {
    let mut history = History::default();
    round(connection, stream, subject, from.max(1), &mut history).await?;
    Ok(history.records)
}

/// The first message that was recorded at an instant or after it.
pub async fn since(
    connection: &Connection,
    stream: &str,
    instant: Timestamp,
) -> Result<Option<Record>, StreamError> {
    let body = json!({ "start_time": instant.to_string(), "next_by_subj": ">" });
    let api = format!("$JS.API.DIRECT.GET.{stream}");
    one(connection, stream, api, body.to_string().into_bytes()).await
}

/// The word that a record holds.
pub fn word<W: DeserializeOwned>(record: &Record) -> Result<W, StreamError> {
    let foreign = |detail: String| StreamError::Foreign {
        subject: record.subject.clone(),
        sequence: record.sequence,
        detail,
    };
    let kind = record.attributes.kind().map_err(|error| foreign(error.to_string()))?;
    words::decode(&kind.name, &record.payload).map_err(|error| match error.is_unknown() {
        true => StreamError::Newer {
            subject: record.subject.clone(),
            sequence: record.sequence,
            detail: error.to_string(),
        },
        false => foreign(error.to_string()),
    })
}

/// One round of `all`: how many are left after it.
async fn round(
    connection: &Connection,
    stream: &str,
    subject: &str,
    from: u64,
    history: &mut History,
) -> Result<u64, StreamError> {
    let api = format!("$JS.API.DIRECT.GET.{stream}");
    let body = json!({
        "seq": from,
        "next_by_subj": subject,
        "batch": limits::LOAD_BATCH_RECORDS,
        "max_bytes": limits::LOAD_BATCH_BYTES,
    });
    let asking = gather(connection, stream, &api, body.to_string(), history);
    connection.unless_denied(&api, asking).await?
}

/// Asks for several messages and takes them. Each answer names the position of the one before it, so
/// that one which was lost on the way, with a connection or between two servers, is missed: what is folded
/// without it would be decided upon, and no guard would find that out.
async fn gather(
    connection: &Connection,
    stream: &str,
    api: &str,
    body: String,
    history: &mut History,
) -> Result<u64, StreamError> {
    let cut =
        |detail: &str| StreamError::Cut { stream: stream.to_owned(), detail: detail.to_owned() };
    let inbox = connection.client.new_inbox();
    let mut answers = connection
        .client
        .subscribe(inbox.clone())
        .await
        .map_err(|error| cut(&error.to_string()))?;
    connection
        .client
        .publish_with_reply(api.to_owned(), inbox, body.into())
        .await
        .map_err(|error| cut(&error.to_string()))?;
    let wait = std::time::Duration::from_secs(limits::REQUEST_TIMEOUT_SECONDS);
    let mut last = 0;
    loop {
        let answer = tokio::time::timeout(wait, answers.next())
            .await
            .map_err(|_| cut("no answer in time"))?
            .ok_or_else(|| cut("the connection closed"))?;
        let told = |name: &str| answer.headers.as_ref()?.get(name)?.as_str().parse::<u64>().ok();
        if told("Nats-Last-Sequence").is_some_and(|before| before != last) {
            return Err(cut("an answer was lost on the way"));
        }
        match answer.status {
            None => {
                history.push(stream, answer)?;
                last = history.records.last().map_or(0, |record| record.sequence);
            }
            Some(StatusCode::NOT_FOUND) => return Ok(0),
            Some(status) if status.as_u16() == 204 => {
                return Ok(told("Nats-Num-Pending").unwrap_or(0));
            }
            Some(status) => {
                let description = answer.description.as_deref().unwrap_or_default();
                return Err(cut(&format!("{api}: {status} {description}")));
            }
        }
    }
}

async fn one(
    connection: &Connection,
    stream: &str,
    api: String,
    body: Vec<u8>,
) -> Result<Option<Record>, StreamError> {
    let found = message(connection, api, body).await?;
    found.map(|message| stored(stream, message)).transpose()
}

async fn message(
    connection: &Connection,
    api: String,
    body: Vec<u8>,
) -> Result<Option<Message>, StreamError> {
    let asking = connection.client.request(api.clone(), body.into());
    let answer = connection.unless_denied(&api, asking).await?;
    let answer = answer.map_err(|source| StreamError::NoAnswer { subject: api.clone(), source })?;
    match answer.status {
        None => Ok(Some(answer)),
        Some(StatusCode::NOT_FOUND) => Ok(None),
        Some(status) => Err(StreamError::Refused {
            subject: api,
            status: u64::from(status.as_u16()),
            code: 0,
            description: answer.description.map(|text| text.to_string()).unwrap_or_default(),
        }),
    }
}

/// A message as the server hands it out: its place is in headers beside ours.
fn stored(stream: &str, message: Message) -> Result<Record, StreamError> {
    let headers = message.headers.unwrap_or_default();
    let text = |name: &str| headers.get(name).map(|value| value.as_str()).unwrap_or_default();
    let foreign = |detail: &str| StreamError::Foreign {
        subject: message.subject.to_string(),
        sequence: 0,
        detail: detail.to_owned(),
    };
    Ok(Record {
        stream: stream.to_owned(),
        subject: text("Nats-Subject").to_owned(),
        sequence: text("Nats-Sequence").parse().map_err(|_| foreign("no Nats-Sequence"))?,
        recorded_at: Timestamp::parse(text("Nats-Time-Stamp"))
            .map_err(|_| foreign("no Nats-Time-Stamp"))?,
        attributes: to_attributes(&headers),
        payload: message.payload.into(),
    })
}
