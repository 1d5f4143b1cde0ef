//! How the log is, for whoever looks a plane over: what the server says of its streams and durables.
//! What is to be thought of it is decided elsewhere. It changes nothing.

use std::{collections::BTreeSet, time::Duration};

use helmstream_schemas::Timestamp;
use serde_json::{Value, json};

use crate::{
    Connection, StreamError,
    api::ask,
    deadline::DEADLINES,
    get, limits,
    setup::{consumer_requests, names_of, stream_names},
};

/// A stream as the server tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamStands {
    pub name: String,
    pub messages: u64,
    pub bytes: u64,
    pub first: u64,
    pub last: u64,
    /// When its oldest message was stored, if it has any.
    pub oldest_at: Option<Timestamp>,
    /// None if it may grow without bound.
    pub bytes_max: Option<u64>,
    pub replicas: u64,
    /// Other servers that hold it and have not got everything.
    pub behind: Vec<String>,
}

/// A durable as the server tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DurableStands {
    pub stream: String,
    pub name: String,
    /// Messages that wait.
    pub pending: u64,
    /// Messages that are out and not acknowledged.
    pub unacknowledged: u64,
    /// Of those, how many came more than once.
    pub redelivered: u64,
    /// When the oldest message was stored that is not done with; where the stream may be read.
    pub oldest_at: Option<Timestamp>,
}

/// Every stream of the plane that is there.
pub async fn streams(connection: &Connection) -> Result<Vec<StreamStands>, StreamError> {
    let mut all = Vec::new();
    for name in stream_names()? {
        let subject = format!("$JS.API.STREAM.INFO.{name}");
        if let Some(info) = ask(connection, &subject, "").await? {
            all.push(stream_of(name, &info));
        }
    }
    Ok(all)
}

/// How many servers hold a stream; nothing if it is not there.
pub async fn replicas(connection: &Connection, stream: &str) -> Result<Option<u64>, StreamError> {
    let info = ask(connection, &format!("$JS.API.STREAM.INFO.{stream}"), "").await?;
    Ok(info.map(|info| number(&info["config"]["num_replicas"]).max(1)))
}

/// By the server's clock: now. Nothing if it has no streams to tell of.
pub async fn server_time(connection: &Connection) -> Result<Option<Timestamp>, StreamError> {
    let info = ask(connection, "$JS.API.STREAM.INFO.EVENTS", "").await?;
    Ok(info.and_then(|info| instant(&info["ts"])))
}

/// Every durable of the plane that is there.
pub async fn durables(connection: &Connection) -> Result<Vec<DurableStands>, StreamError> {
    let mut all = Vec::new();
    for request in consumer_requests()? {
        let (stream, name) = names_of(&request);
        let subject = format!("$JS.API.CONSUMER.INFO.{stream}.{name}");
        let Some(info) = ask(connection, &subject, "").await? else { continue };
        let mut stands = DurableStands {
            pending: number(&info["num_pending"]),
            unacknowledged: number(&info["num_ack_pending"]),
            redelivered: number(&info["num_redelivered"]),
            oldest_at: None,
            stream,
            name,
        };
        if stands.pending + stands.unacknowledged > 0 {
            let from = number(&info["ack_floor"]["stream_seq"]) + 1;
            stands.oldest_at = oldest(connection, &stands.stream, &info["config"], from).await?;
        }
        all.push(stands);
    }
    Ok(all)
}

/// How many messages a stream was given since an instant; nothing if it may not be read.
pub async fn lately(
    connection: &Connection,
    stream: &StreamStands,
    since: Timestamp,
) -> Result<Option<u64>, StreamError> {
    if !is_read(&stream.name) {
        return Ok(None);
    }
    let first = get::since(connection, &stream.name, since).await?;
    Ok(Some(first.map_or(0, |first| (stream.last + 1).saturating_sub(first.sequence))))
}

/// The subjects of all schedules that are at the server, page by page.
pub async fn schedules(connection: &Connection) -> Result<BTreeSet<String>, StreamError> {
    let subject = format!("$JS.API.STREAM.INFO.{DEADLINES}");
    let mut all = BTreeSet::new();
    while all.len() < limits::SCHEDULES_LISTED_MAX {
        let body = json!({"subjects_filter": "sch.>", "offset": all.len()}).to_string();
        let Some(info) = ask(connection, &subject, body).await? else { break };
        let before = all.len();
        let page = info["state"]["subjects"].as_object().into_iter().flatten();
        all.extend(page.map(|(subject, _)| subject.clone()));
        if all.len() == before {
            break;
        }
    }
    Ok(all)
}

/// Whether this user may ask the server what it may: no file of permissions allows that, so whoever
/// is answered may more than its file says.
pub async fn is_confined(connection: &Connection, patience: Duration) -> Option<bool> {
    const ABOUT_ME: &str = "$SYS.REQ.USER.INFO";
    let denial = connection.denial_of(ABOUT_ME);
    tokio::select! {
        answer = connection.client.request(ABOUT_ME, "".into()) => answer.ok().map(|_| false),
        _ = denial => Some(true),
        () = tokio::time::sleep(patience) => None,
    }
}

/// Streams that an operator may read message by message.
fn is_read(stream: &str) -> bool {
    matches!(stream, "EVENTS" | "COMMANDS" | "JOURNAL" | "DEADLETTERS" | "OUT")
}

async fn oldest(
    connection: &Connection,
    stream: &str,
    config: &Value,
    from: u64,
) -> Result<Option<Timestamp>, StreamError> {
    if !is_read(stream) {
        return Ok(None);
    }
    let several = config["filter_subjects"].as_array().into_iter().flatten();
    let mut filters: Vec<String> =
        several.chain([&config["filter_subject"]]).map(text).filter(|f| !f.is_empty()).collect();
    if filters.is_empty() {
        filters.push(">".to_owned());
    }
    let mut oldest: Option<Timestamp> = None;
    for filter in filters {
        if let Some(record) = get::next(connection, stream, &filter, from).await? {
            oldest = Some(oldest.map_or(record.recorded_at, |at| at.min(record.recorded_at)));
        }
    }
    Ok(oldest)
}

fn stream_of(name: String, info: &Value) -> StreamStands {
    let (state, config) = (&info["state"], &info["config"]);
    let followers = info["cluster"]["replicas"].as_array().into_iter().flatten();
    let behind = followers.filter(|one| one["current"] != true || one["offline"] == true);
    let messages = number(&state["messages"]);
    StreamStands {
        name,
        messages,
        bytes: number(&state["bytes"]),
        first: number(&state["first_seq"]),
        last: number(&state["last_seq"]),
        oldest_at: instant(&state["first_ts"]).filter(|_| messages > 0),
        bytes_max: config["max_bytes"].as_u64().filter(|bytes| *bytes > 0),
        replicas: number(&config["num_replicas"]).max(1),
        behind: behind.map(|one| text(&one["name"])).collect(),
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn instant(value: &Value) -> Option<Timestamp> {
    Timestamp::parse(value.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_read_from_what_the_server_says_and_a_follower_that_lags_is_named() {
        let info = json!({
            "config": {"max_bytes": -1, "num_replicas": 3},
            "state": {"messages": 0, "bytes": 7, "first_seq": 4, "last_seq": 3, "first_ts": "0001-01-01T00:00:00Z"},
            "cluster": {"replicas": [{"name": "b", "current": true}, {"name": "c", "current": false}]}
        });
        let stands = stream_of("EVENTS".into(), &info);
        assert_eq!((stands.bytes_max, stands.replicas, stands.last), (None, 3, 3));
        assert_eq!((stands.oldest_at, stands.behind), (None, vec!["c".to_owned()]));
    }
}
