//! Batches of events published over HTTP, against the bare client publishing the same events one by
//! one, as many at once. Nobody waits for what becomes of them, and the door is not there, so that
//! both sides end at the acknowledgement of INBOX.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use helmstream_schemas::{ActorKind, access::Role};
use helmstream_tests::web::Web;
use reqwest::Method;
use tokio::task::JoinSet;

use crate::{
    Scale,
    cores::Used,
    report::{Goal, Line, Report, Unit},
    rounds::Duel,
    sample,
    serving::Serving,
    stand::Stand,
};

/// Events in a batch.
const BATCH_EVENTS: usize = 100;

/// Batches under way at once.
const BATCHES_AT_ONCE: usize = 4;

/// Batches that are made beforehand and taken in turns: without the door nobody minds that they
/// come again.
const BATCHES: usize = 40;

/// What the message of each event is filled with, so that it weighs about a kilobyte.
const PADDING_BYTES: usize = 500;

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let stand = Stand::start(report).await?;
    let web = {
        let _deciding = Serving::start(&stand, &["door", "access", "http"])?;
        let directory = stand.plane.directory();
        Web::of_plane(directory, "bench", ActorKind::Service, Role::Publisher, &[]).await
    };
    let serving = Serving::start(&stand, &["http"])?;
    until_it_listens(&web).await?;
    let events: Arc<[Vec<u8>]> = (0..BATCHES * BATCH_EVENTS)
        .map(|n| sample::published(&sample::run("http", n), 2, PADDING_BYTES))
        .collect();
    let batches: Arc<[Bytes]> = events.chunks(BATCH_EVENTS).map(batch).collect();
    let bare = stand.connect("faber").await?;
    let duration = scale.of(Duration::from_millis(1_500), Duration::from_millis(300));
    let (mut duel, mut note) = (Duel::default(), String::new());
    for _ in 0..scale.of(5, 1) {
        let used = Used::with(&stand, Some(serving.process_id()));
        let (web, batches) = (web.clone(), batches.clone());
        let ours = rate(BATCHES_AT_ONCE, duration, move |n| {
            let (web, body) = (web.clone(), batches[n % BATCHES].clone());
            async move {
                post(&web, body).await?;
                Ok(BATCH_EVENTS as u64)
            }
        });
        let ours = ours.await?;
        note = used.since().to_string();
        let (jetstream, events) = (bare.jetstream.clone(), events.clone());
        let bare = rate(BATCHES_AT_ONCE * BATCH_EVENTS, duration, move |n| {
            let (jetstream, event) = (jetstream.clone(), events[n % events.len()].clone());
            async move {
                jetstream.publish("in.faber", event.into()).await?.await?;
                Ok(1)
            }
        });
        duel.round(ours, bare.await?);
    }
    report.add(Line {
        bench: "http",
        case: format!("batches of {BATCH_EVENTS}, {BATCHES_AT_ONCE} at once"),
        unit: Unit::EventsASecond,
        figures: vec![("ours", duel.ours()), ("bare", duel.bare())],
        ratio: Some(duel.ratio()),
        goals: vec![Goal::Ratio(0.5)],
        note: format!("the service held {} MB at most; {note}", serving.memory_mb_max()),
    });
    Ok(())
}

/// A batch as CloudEvents write it.
fn batch(events: &[Vec<u8>]) -> Bytes {
    [b"[".as_slice(), &events.join(&b","[..]), b"]"].concat().into()
}

async fn post(web: &Web, body: Bytes) -> Result<()> {
    let request = web
        .request(Method::POST, "/v1/events")
        .header("content-type", "application/cloudevents-batch+json")
        .header("prefer", "wait=0")
        .body(body);
    let status = request.send().await?.error_for_status()?.status();
    ensure!(status.as_u16() == 202, "a batch was answered {status}");
    Ok(())
}

/// Waits until the service lets in whoever has the token.
pub(crate) async fn until_it_listens(web: &Web) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        let answered = web.try_send(Method::GET, "/v1/openapi.json", None).await;
        if answered.is_some_and(|answered| answered.status == 200) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    anyhow::bail!("the service for HTTP does not answer")
}

/// Does `once` with so many at once for a while, each time with another number; how many events in
/// a second.
async fn rate<F>(
    at_once: usize,
    duration: Duration,
    once: impl Fn(usize) -> F + Clone + Send + 'static,
) -> Result<f64>
where
    F: Future<Output = Result<u64>> + Send,
{
    let (begun, next) = (Instant::now(), Arc::new(AtomicU64::new(0)));
    let mut workers = JoinSet::new();
    for _ in 0..at_once {
        let (once, next) = (once.clone(), next.clone());
        workers.spawn(async move {
            let mut done = 0;
            while begun.elapsed() < duration {
                done += once(next.fetch_add(1, Ordering::Relaxed) as usize).await?;
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
