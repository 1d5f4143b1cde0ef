//! A receiver of OTLP/HTTP that keeps what it is sent and answers as it is told to: well, with a status
//! of its own, or not at all.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use helmstream_services::traces::TraceArgs;
use helmstream_tests::patience::{PATIENCE, eventually};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::wire::{self, Span};

/// How it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answers {
    Well,
    /// With this status and these further lines of its head.
    With(u16, &'static str),
    /// It takes the request and says nothing.
    Never,
}

/// What it has seen.
struct Seen {
    answers: Answers,
    spans: Vec<Span>,
    /// When each request came.
    asked_at: Vec<Instant>,
    /// The head of the last request.
    head: String,
}

/// Somebody who is told traces.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    listening: JoinHandle<()>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        Self::start_with(None).await
    }

    /// One that is told over TLS.
    pub(crate) async fn start_tls(acceptor: TlsAcceptor) -> Self {
        Self::start_with(Some(acceptor)).await
    }

    async fn start_with(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its own address");
        let seen = Seen {
            answers: Answers::Well,
            spans: Vec::new(),
            asked_at: Vec::new(),
            head: String::new(),
        };
        let seen = Arc::new(Mutex::new(seen));
        let told = seen.clone();
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (told, tls) = (told.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => answer(stream, told).await,
                        Some(tls) => answer(tls.accept(stream).await.ok()?, told).await,
                    }
                });
            }
        });
        Self { address, seen, listening }
    }

    pub(crate) fn answers(&self, answers: Answers) {
        self.seen.lock().expect("nobody panics").answers = answers;
    }

    /// Who is to tell it, and of what.
    pub(crate) fn args(&self) -> TraceArgs {
        TraceArgs { otlp: Some(format!("http://{}", self.address)), ..TraceArgs::default() }
    }

    /// All spans of a trace that were taken.
    pub(crate) fn of(&self, trace_id: &str) -> Vec<Span> {
        let seen = self.seen.lock().expect("nobody panics");
        seen.spans.iter().filter(|span| span.trace_id == trace_id).cloned().collect()
    }

    /// How many spans were taken of each trace.
    pub(crate) fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for span in &self.seen.lock().expect("nobody panics").spans {
            *counts.entry(span.trace_id.clone()).or_default() += 1;
        }
        counts
    }

    pub(crate) fn asked_at(&self) -> Vec<Instant> {
        self.seen.lock().expect("nobody panics").asked_at.clone()
    }

    pub(crate) fn head(&self) -> String {
        self.seen.lock().expect("nobody panics").head.clone()
    }

    /// Waits until the tree of a trace is this one.
    pub(crate) async fn drawn(&self, trace_id: &str, parent: &str, wanted: &str) {
        let mut last = String::new();
        // A little less than all patience, so that what was found can be shown.
        let found = tokio::time::timeout(
            PATIENCE - Duration::from_secs(2),
            eventually("a whole tree", async || {
                last = drawn(&self.of(trace_id), parent);
                (last == wanted).then_some(())
            }),
        );
        let is_there = found.await.is_ok();
        assert!(is_there, "wanted:\n{wanted}\nfound:\n{last}");
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// A tree of spans: whose, what, and what came of it, a level further in for each parent.
pub(crate) fn drawn(spans: &[Span], parent: &str) -> String {
    fn draw(spans: &[Span], parent: &str, depth: usize, drawn: &mut String) {
        let mut children: Vec<_> = spans.iter().filter(|span| span.parent == parent).collect();
        children
            .sort_by_key(|span| (span.name.clone(), span.told.get("helmstream.stream").cloned()));
        for span in children {
            let said = |name: &str| span.told.get(name).map_or("-", String::as_str);
            let service = span.service.trim_start_matches("helmstream-");
            let (kind, stream) = (span.kind, said("helmstream.stream"));
            let (outcome, indent) = (said("helmstream.outcome"), "  ".repeat(depth));
            *drawn += &format!("{indent}{service}: {} ({kind}, {stream}, {outcome})\n", span.name);
            draw(spans, &span.span_id, depth + 1, drawn);
        }
    }
    let mut text = String::new();
    draw(spans, parent, 0, &mut text);
    text
}

async fn answer<S>(mut stream: S, seen: Arc<Mutex<Seen>>) -> Option<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut read, mut chunk) = (Vec::new(), vec![0; 64 * 1_024]);
    let ends = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        let more = stream.read(&mut chunk).await.ok().filter(|more| *more > 0)?;
        read.extend_from_slice(&chunk[..more]);
    };
    let head = String::from_utf8_lossy(&read[..ends]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.expect("a length").trim().parse().expect("a number");
    while read.len() < ends + length {
        let more = stream.read(&mut chunk).await.ok().filter(|more| *more > 0)?;
        read.extend_from_slice(&chunk[..more]);
    }
    let answers = {
        let mut seen = seen.lock().expect("nobody panics");
        seen.asked_at.push(Instant::now());
        seen.head = head;
        if seen.answers == Answers::Well {
            let spans = wire::request(&read[ends..]);
            seen.spans.extend(spans);
        }
        seen.answers.clone()
    };
    let (status, more) = match answers {
        Answers::Well => (200, ""),
        Answers::With(status, more) => (status, more),
        Answers::Never => return std::future::pending().await,
    };
    let answer =
        format!("HTTP/1.1 {status} -\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}
