//! Guarded appends through `stream::append`, against the bare client publishing the same messages
//! with the same guards. Every worker has subjects of its own, so that no guard ever fails.

use std::{
    future::Future,
    slice,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use async_nats::{HeaderMap, Subject};
use bytes::Bytes;
use helmstream_core::NewEvent;
use helmstream_stream::{
    Connection,
    append::{Appended, append},
    headers::to_headers,
};
use tokio::task::JoinSet;

use crate::{
    Scale,
    cores::Used,
    report::{Goal, Line, Report, Unit},
    rounds::Duel,
    sample::{self, Sample},
    stand::Stand,
};

/// Aggregates that are appended to, in equal shares.
const SUBJECTS: usize = 10_000;

/// Appends under way at once: one after the other, what a service has, what a busy one has.
const AT_ONCE: [usize; 3] = [1, 64, 256];

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let stand = Stand::start(report).await?;
    let (rounds, duration) = scale.of((5, Duration::from_secs(3)), (2, Duration::from_millis(500)));
    let ours = Ours::new(stand.connect("run").await?)?;
    let bare = Bare::new(stand.connect("run").await?, "bare")?;
    for at_once in AT_ONCE {
        let mut duel = Duel::default();
        ours.rate(at_once, duration / 4).await?;
        bare.rate(at_once, duration / 4).await?;
        let mut cores = None;
        for _ in 0..rounds {
            let used = Used::now(&stand);
            let rate = ours.rate(at_once, duration).await?;
            cores = Some(used.since());
            duel.round(rate, bare.rate(at_once, duration).await?);
        }
        report.add(Line {
            bench: "append",
            case: format!("{at_once} at once"),
            unit: Unit::EventsASecond,
            figures: vec![("ours", duel.ours()), ("bare", duel.bare())],
            ratio: Some(duel.ratio()),
            goals: vec![Goal::Ratio(0.9)],
            note: cores.map(|cores| cores.to_string()).unwrap_or_default(),
        });
    }
    Ok(())
}

/// Appends as the plane does.
struct Ours {
    connection: Connection,
    events: Arc<[NewEvent]>,
    revisions: Arc<[AtomicU64]>,
}

impl Ours {
    fn new(connection: Connection) -> Result<Self> {
        let sample = Sample::of(2)?;
        let events =
            (0..SUBJECTS).map(|n| sample.event(&sample::run("ours", n), n as u128)).collect();
        Ok(Self { connection, events, revisions: zeros() })
    }

    async fn rate(&self, at_once: usize, duration: Duration) -> Result<f64> {
        let Self { connection, events, revisions } = self;
        let (connection, events, revisions) =
            (connection.clone(), events.clone(), revisions.clone());
        drive(at_once, duration, move |n| {
            let (connection, events, revisions) =
                (connection.clone(), events.clone(), revisions.clone());
            async move {
                let revision = revisions[n].load(Ordering::Relaxed);
                match append(&connection, slice::from_ref(&events[n]), revision).await? {
                    Appended::Stored { last } => revisions[n].store(last, Ordering::Relaxed),
                    appended => bail!("an append is not stored but {appended:?}"),
                }
                Ok(())
            }
        })
        .await
    }
}

/// The client by itself, with everything but the guard prepared.
pub(crate) struct Bare {
    connection: Connection,
    messages: Arc<[(Subject, HeaderMap, Bytes)]>,
    revisions: Arc<[AtomicU64]>,
}

impl Bare {
    pub(crate) fn new(connection: Connection, prefix: &str) -> Result<Self> {
        let sample = Sample::of(2)?;
        let message = |n: usize| {
            let event = sample.event(&sample::run(prefix, n), n as u128);
            let mut headers = to_headers(&event.attributes);
            headers.insert("Nats-Expected-Stream", "EVENTS");
            (Subject::from(event.subject.to_string()), headers, Bytes::from(event.payload))
        };
        Ok(Self { connection, messages: (0..SUBJECTS).map(message).collect(), revisions: zeros() })
    }

    pub(crate) async fn rate(&self, at_once: usize, duration: Duration) -> Result<f64> {
        let (messages, revisions) = (self.messages.clone(), self.revisions.clone());
        let jetstream = self.connection.jetstream.clone();
        drive(at_once, duration, move |n| {
            let (messages, revisions) = (messages.clone(), revisions.clone());
            let jetstream = jetstream.clone();
            async move {
                let (subject, headers, payload) = messages[n].clone();
                let mut headers = headers;
                let revision = revisions[n].load(Ordering::Relaxed);
                headers.insert("Nats-Expected-Last-Subject-Sequence", revision.to_string());
                let sent = jetstream.publish_with_headers(subject, headers, payload).await?;
                revisions[n].store(sent.await?.sequence, Ordering::Relaxed);
                Ok(())
            }
        })
        .await
    }
}

fn zeros() -> Arc<[AtomicU64]> {
    (0..SUBJECTS).map(|_| AtomicU64::new(0)).collect()
}

/// Does `once` with so many at once for a while, each of them with its own share of the subjects;
/// how often in a second.
async fn drive<F>(
    at_once: usize,
    duration: Duration,
    once: impl Fn(usize) -> F + Clone + Send + 'static,
) -> Result<f64>
where
    F: Future<Output = Result<()>> + Send,
{
    let begun = Instant::now();
    let mut workers = JoinSet::new();
    for worker in 0..at_once {
        let once = once.clone();
        workers.spawn(async move {
            let (mut n, mut done) = (worker, 0_u64);
            while begun.elapsed() < duration {
                once(n).await?;
                done += 1;
                n = if n + at_once < SUBJECTS { n + at_once } else { worker };
            }
            Ok::<_, anyhow::Error>(done)
        });
    }
    let mut done = 0;
    while let Some(worker) = workers.join_next().await {
        done += worker.context("a worker panicked")??;
    }
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}
