//! `GET /v1/stream`: events as they are recorded, as server-sent events. The id of each is its
//! position, so that whoever was cut off goes on without a gap and without a repeat.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    body::Body,
    extract::{RawQuery, State},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use helmstream_schemas::access::Right;
use helmstream_stream::{append::EVENTS, get};
use hyper::{
    HeaderMap,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout, timeout_at},
};

use super::{App, caller::Caller, problem::Problem, reading, tail::Entry};
use crate::{
    client::{Code, Failure, event::TailRequest},
    http::limits::{
        STREAM_BEHIND_MAX, STREAM_CHUNKS, STREAM_GATHER, STREAM_HEARTBEAT, STREAM_STALL,
    },
};

/// Answers `GET /v1/stream`.
pub(super) async fn watch(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    begin(app, &caller, &headers, query.as_deref()).unwrap_or_else(Problem::into_response)
}

fn begin(
    app: Arc<App>,
    caller: &Caller,
    headers: &HeaderMap,
    query: Option<&str>,
) -> Result<Response, Problem> {
    let known = ["from_seq", "context", "aggregate", "type"].map(str::to_owned).into();
    let mut wanted: TailRequest = reading::of_pairs(&reading::in_query(query), &known)?;
    if let Some(id) = headers.get("last-event-id") {
        let id = id.to_str().ok().and_then(|id| id.parse::<u64>().ok());
        let id = id.ok_or_else(|| Problem::bad_request("`Last-Event-ID` is not a position"))?;
        wanted.from_seq = Some(id.saturating_add(1));
    }
    // What was asked is not said again: it may be a secret in the wrong place.
    let context = wanted.check().map_err(|failure| {
        let what = "there is no such context or event";
        Problem::from(Failure::new(Code::Input, what, "", failure.hint))
    })?;
    caller.must(Right::Look, context)?;
    let (sender, receiver) = mpsc::channel(STREAM_CHUNKS);
    tokio::spawn(tell(app, wanted, sender));
    let chunks = stream::unfold(receiver, |mut receiver| async move {
        let chunk: Bytes = receiver.recv().await?;
        Some((Ok::<_, std::convert::Infallible>(chunk), receiver))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    let unbuffered = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(unbuffered, HeaderValue::from_static("no"));
    Ok(response)
}

/// What is left to be said when a reader cannot be told more.
const TOO_SLOW: &str = "event: cut\ndata: {\"reason\":\"too slow\"}\n\n";

/// Tells until the reader goes, is too slow, or the service is to end.
async fn tell(app: Arc<App>, wanted: TailRequest, sender: mpsc::Sender<Bytes>) {
    // One place is kept for what is said last.
    let Ok(last_word) = sender.clone().reserve_owned().await else { return };
    let _counted = app.metrics.reader();
    let mut stop = app.around.stop();
    let telling = async {
        let mut watcher = Watcher::begin(&app, wanted).await;
        loop {
            let chunk = watcher.next(&app).await;
            match timeout(STREAM_STALL, sender.send(chunk)).await {
                Ok(Ok(())) => {}
                // It is gone.
                Ok(Err(_)) => return false,
                Err(_) => return true,
            }
        }
    };
    let is_slow = tokio::select! {
        is_slow = telling => is_slow,
        _ = stop.wait_for(|stop| *stop) => false,
    };
    if is_slow {
        last_word.send(Bytes::from_static(TOO_SLOW.as_bytes()));
    }
}

/// Where somebody who watches stands.
struct Watcher {
    wanted: TailRequest,
    /// The last position that was looked at.
    position: u64,
    head: tokio::sync::watch::Receiver<u64>,
    /// What is to be said first.
    greeting: Option<Bytes>,
    said_at: Instant,
}

impl Watcher {
    async fn begin(app: &App, wanted: TailRequest) -> Self {
        let mut head = app.tail.head();
        // Before the first look nobody knows where the end is.
        let now = head.wait_for(|head| *head > 0).await.map_or(0, |head| *head);
        let asked = wanted.from_seq.map_or(now, |from| from.saturating_sub(1));
        let is_too_old = asked > now || now - asked > STREAM_BEHIND_MAX;
        let position = if is_too_old { now } else { asked };
        // Whoever is cut off before the first event knows from the greeting where to go on.
        let greeting = match is_too_old {
            true => {
                let said = format!("{{\"asked\":{asked},\"head\":{now}}}");
                format!("retry: 2000\n\nid: {now}\nevent: reset\ndata: {said}\n\n")
            }
            false => format!("retry: 2000\nid: {position}\n\n"),
        };
        let greeting = Some(greeting.into());
        Self { wanted, position, head, greeting, said_at: Instant::now() }
    }

    /// The next events, or a sign of life.
    async fn next(&mut self, app: &App) -> Bytes {
        if let Some(greeting) = self.greeting.take() {
            return greeting;
        }
        loop {
            let alive_at = self.said_at + STREAM_HEARTBEAT;
            let entries = match app.tail.after(self.position) {
                Some(entries) => entries,
                None => from_log(app, self.position).await,
            };
            let chunk = self.wanted_of(&entries);
            if !chunk.is_empty() {
                self.said_at = Instant::now();
                return chunk;
            }
            if entries.is_empty() {
                let changed = timeout_at(alive_at, self.head.changed()).await;
                match changed {
                    // What comes together is sent together.
                    Ok(_) => tokio::time::sleep(STREAM_GATHER).await,
                    Err(_) => {
                        self.said_at = Instant::now();
                        // What was passed over is not looked through again by whoever comes back.
                        let position = self.position;
                        return Bytes::from(format!(": alive at {position}\nid: {position}\n\n"));
                    }
                }
            }
        }
    }

    fn wanted_of(&mut self, entries: &[Arc<Entry>]) -> Bytes {
        if let Some(last) = entries.last() {
            self.position = last.sequence;
        }
        let is_wanted =
            |entry: &&Arc<Entry>| self.wanted.wants(&entry.context, &entry.aggregate, &entry.kind);
        let mut wanted = entries.iter().filter(is_wanted);
        match (wanted.next(), wanted.next()) {
            (Some(only), None) => only.frame.clone(),
            (None, _) => Bytes::new(),
            (Some(first), Some(second)) => {
                let mut chunk = BytesMut::from(&first.frame[..]);
                chunk.extend_from_slice(&second.frame);
                wanted.for_each(|entry| chunk.extend_from_slice(&entry.frame));
                chunk.freeze()
            }
        }
    }
}

/// The next events after a position, from the log itself. While NATS is away there are none.
async fn from_log(app: &App, position: u64) -> Vec<Arc<Entry>> {
    match get::page(&app.around.connection, EVENTS, "evt.*.*", position + 1).await {
        Ok(records) if !records.is_empty() => {
            records.into_iter().map(Entry::of).map(Arc::new).collect()
        }
        _ => {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Vec::new()
        }
    }
}
