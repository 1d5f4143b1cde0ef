//! Events as they are recorded, as a server tells them: server-sent events, and when the connection
//! is lost, from the next one on another.

use std::collections::VecDeque;

use futures_util::{Stream, stream};
use reqwest::{
    Response, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    Http, Verb,
    answers::{away, failure, said, whole},
};
use crate::{
    client::{
        Code, Failure,
        direct::patience::Patience,
        event::{TailRequest, Told, not_this_log, not_yet},
        frames::{Frame, Frames},
    },
    http::limits::{STREAM_LASTS_MAX, STREAM_SILENCE_MAX},
};

/// What its answer has to be.
const EVENT_STREAM: &str = "text/event-stream";

impl Http {
    pub(super) fn tailed(
        &self,
        request: TailRequest,
    ) -> impl Stream<Item = Result<Told, Failure>> + Send {
        let watcher = Watcher {
            http: self,
            request,
            position: None,
            open: None,
            ready: VecDeque::new(),
            patience: Patience::new(self.reach.wait),
        };
        stream::try_unfold(watcher, |mut watcher| async move {
            let told = watcher.next().await?;
            Ok(Some((told, watcher)))
        })
    }
}

/// Where somebody who watches stands.
struct Watcher<'a> {
    http: &'a Http,
    request: TailRequest,
    /// The last position that was told or passed over, once it is known.
    position: Option<u64>,
    open: Option<(Response, Frames)>,
    ready: VecDeque<Frame>,
    patience: Patience,
}

impl Watcher<'_> {
    async fn next(&mut self) -> Result<Told, Failure> {
        loop {
            while let Some(frame) = self.ready.pop_front() {
                if let Some(told) = self.told(frame)? {
                    return Ok(told);
                }
            }
            match self.read().await {
                Err(failure) if failure.code == Code::Away => {
                    self.open = None;
                    let whom = self.http.reach.server.to_string();
                    self.patience.is_away(&whom, &said(failure)).await?;
                }
                read => read?,
            }
        }
    }

    /// Takes what comes next on the connection.
    async fn read(&mut self) -> Result<(), Failure> {
        let (response, frames) = match &mut self.open {
            Some(open) => open,
            None => {
                let url = self.http.written(Verb::Get, "/v1/stream", &self.request)?.0;
                let response = self.opened(url).await?;
                self.patience.is_back(self.http.reach.server.as_str());
                self.open.insert((response, Frames::default()))
            }
        };
        let Ok(chunk) = timeout(STREAM_SILENCE_MAX, response.chunk()).await else {
            return Err(silent());
        };
        let ended = || Failure::new(Code::Away, "the server ended the stream", "", "");
        let chunk = chunk.map_err(away)?.ok_or_else(ended)?;
        let frames = frames.push(&chunk).map_err(|error| unreadable(error.to_string()))?;
        self.ready.extend(frames);
        Ok(())
    }

    async fn opened(&self, url: Url) -> Result<Response, Failure> {
        let request = self.http.client.get(url).timeout(STREAM_LASTS_MAX);
        let request = request.header(ACCEPT, EVENT_STREAM);
        let mut request = request.header(AUTHORIZATION, self.http.reach.token.clone());
        if let Some(position) = self.position {
            request = request.header("last-event-id", position);
        }
        let sent = timeout(STREAM_SILENCE_MAX, request.send()).await.map_err(|_| silent())?;
        let response = sent.map_err(away)?;
        let status = response.status();
        if !status.is_success() {
            return Err(failure(status, &whole(response).await?));
        }
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        match kind.is_some_and(|kind| kind.starts_with(EVENT_STREAM)) {
            true => Ok(response),
            false => Err(unreadable(format!("it is no {EVENT_STREAM}"))),
        }
    }

    /// The event that a frame holds, if it holds one.
    fn told(&mut self, frame: Frame) -> Result<Option<Told>, Failure> {
        match frame.event.as_str() {
            "event" => {
                let told: Told = serde_json::from_str(&frame.data)
                    .map_err(|error| unreadable(error.to_string()))?;
                let is_new = self.position.is_none_or(|position| told.sequence > position);
                self.position = self.position.max(Some(told.sequence));
                Ok(Some(told).filter(|_| is_new))
            }
            "reset" => Err(self.reset(&frame.data)),
            "cut" => Err(self.cut(&frame.data)),
            _ => {
                let position = frame.id.and_then(|id| id.parse().ok());
                self.position = self.position.max(position);
                Ok(None)
            }
        }
    }

    /// The server does not go on from where it was asked to.
    fn reset(&self, data: &str) -> Failure {
        #[derive(Deserialize)]
        struct Reset {
            asked: u64,
            head: u64,
        }
        let (asked, head) = match serde_json::from_str(data) {
            Ok(Reset { asked, head }) => (asked, head),
            Err(error) => return unreadable(error.to_string()),
        };
        if asked <= head {
            let what = "the log is too far ahead to be watched from there";
            let detail = format!("it ends at {head}, {} events after {asked}", head - asked);
            let hint = format!("`helmstream replay --from {}` reads them page by page", asked + 1);
            return Failure::new(Code::Refused, what, detail, hint);
        }
        match self.position {
            Some(position) => not_this_log(position, format!("now it ends at {head}")),
            None => not_yet(asked + 1, head),
        }
    }

    /// The server does not wait any longer.
    fn cut(&self, data: &str) -> Failure {
        let reason = serde_json::from_str::<serde_json::Value>(data).unwrap_or_default();
        let reason = reason["reason"].as_str().unwrap_or("it does not say why").to_owned();
        let hint = match self.position {
            Some(position) => format!("--from {} goes on without a gap", position + 1),
            None => "begin again".to_owned(),
        };
        Failure::new(Code::Refused, "the server has cut the stream", reason, hint)
    }
}

fn unreadable(detail: String) -> Failure {
    let hint = "is the server of another version, or no plane at all?";
    Failure::new(Code::Unreadable, "the stream cannot be read", detail, hint)
}

fn silent() -> Failure {
    let detail = format!("not a byte for {} s", STREAM_SILENCE_MAX.as_secs());
    Failure::new(Code::Away, "the server is silent", detail, "")
}

#[cfg(test)]
mod tests {
    use std::{pin::pin, time::Duration};

    use futures_util::StreamExt;
    use helmstream_schemas::{Record, Timestamp};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;
    use crate::client::{Client, http::Reach};

    fn event(sequence: u64) -> String {
        let told = Told::of(Record {
            stream: "EVENTS".into(),
            subject: "evt.run.a".into(),
            sequence,
            recorded_at: Timestamp::from_nanos(1),
            attributes: Default::default(),
            payload: b"{}".to_vec(),
        });
        let data = serde_json::to_string(&told).unwrap();
        format!("id: {sequence}\nevent: event\ndata: {data}\n\n")
    }

    /// A server that answers one connection after another with these bodies and closes each. What
    /// was told until it failed, and each `last-event-id` that it was asked from.
    async fn watched(bodies: &[String]) -> (Vec<u64>, Failure, Vec<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let reach = Reach {
            server,
            token: "Bearer t".parse().unwrap(),
            trusted: None,
            wait: Some(Duration::from_secs(30)),
            outcome_wait: Duration::ZERO,
        };
        let http = Http::new(reach).unwrap();
        let serving = async {
            let mut asked = Vec::new();
            for body in bodies {
                let (mut connection, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(connection.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                let id = head.lines().find_map(|line| line.strip_prefix("last-event-id: "));
                asked.push(id.unwrap_or_default().to_owned());
                let answer = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
                connection.write_all((answer.to_owned() + body).as_bytes()).await.unwrap();
            }
            asked
        };
        let watching = async {
            let mut events = pin!(http.tail(TailRequest::default()));
            let mut told = Vec::new();
            loop {
                match events.next().await.expect("it ends with a failure") {
                    Ok(event) => told.push(event.sequence),
                    Err(failure) => return (told, failure),
                }
            }
        };
        let (asked, (told, failure)) = tokio::join!(serving, watching);
        (told, failure, asked)
    }

    const RESET: &str = "id: 2\nevent: reset\ndata: {\"asked\":9,\"head\":2}\n\n";

    #[tokio::test]
    async fn each_connection_goes_on_where_the_last_one_ended() {
        let passed_over = ": alive at 8\nid: 8\n\nevent: cut\ndata: {\"reason\":\"too slow\"}\n\n";
        let (told, failure, asked) = watched(&[
            "retry: 2000\nid: 5\n\n".into(),
            event(6) + &event(7)[..20],
            event(6) + &event(7) + passed_over,
        ])
        .await;
        assert_eq!(told, [6, 7], "a repeat is told once, and half an event not at all");
        assert_eq!(asked, ["", "5", "6"]);
        assert_eq!((failure.code, &*failure.detail), (Code::Refused, "too slow"));
        assert!(failure.hint.contains("--from 9 "), "{failure:?}");
    }

    #[tokio::test]
    async fn a_server_that_does_not_go_on_from_there_is_no_more_listened_to() {
        let (told, failure, _) = watched(&[event(9), RESET.to_owned() + &event(3)]).await;
        assert_eq!(told, [9]);
        assert_eq!(
            (failure.code, &*failure.what),
            (Code::Diverged, "this is not the log that was watched")
        );
        let (_, failure, _) = watched(&[RESET.into()]).await;
        assert_eq!((failure.code, &*failure.what), (Code::NotFound, "there is no event 10 yet"));
        let far = RESET.replace(":2}", ":2000000}");
        let (_, failure, _) = watched(&[far]).await;
        assert_eq!(failure.code, Code::Refused);
        assert!(failure.hint.contains("replay --from 10"), "{failure:?}");
    }

    #[tokio::test]
    async fn what_is_no_event_of_ours_is_told_as_such() {
        let (_, failure, _) = watched(&["event: event\ndata: {}\n\n".into()]).await;
        assert_eq!(failure.code, Code::Unreadable);
    }
}
