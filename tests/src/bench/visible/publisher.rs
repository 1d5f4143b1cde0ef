//! Publishes events of runs by the clock, whatever became of the ones before.

use std::{
    future::Future,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use async_nats::HeaderMap;
use helmstream_schemas::Id;
use helmstream_stream::{StreamError, headers::to_headers, publish::store};
use tokio::sync::mpsc;

use crate::{
    sample::{self, Sample},
    stand::Stand,
};

/// Runs that take turns: one has a new event every second at the higher rate.
const RUNS: usize = 1_000;

/// Where a publish goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Stored on EVENTS.
    Log,
    /// Published to INBOX.
    Door,
}

/// One publish: when it was due, when it was acknowledged, and where it is stored.
pub(crate) struct Sent {
    pub(crate) due: Instant,
    pub(crate) acknowledged: Instant,
    pub(crate) sequence: u64,
}

/// Publishes by the clock.
pub(crate) struct Publisher {
    pub(crate) way: Way,
    connection: helmstream_stream::Connection,
    samples: Arc<Vec<Sample>>,
    runs: Arc<Vec<Id>>,
    /// Published so far; also says which run and which number is next.
    published: u64,
}

impl Publisher {
    pub(crate) async fn new(stand: &Stand, way: Way) -> Result<Self> {
        let (user, prefix) = match way {
            Way::Log => ("run", "log"),
            Way::Door => ("faber", "door"),
        };
        let runs = (0..RUNS).map(|n| sample::run(prefix, n)).collect();
        let samples = Arc::new(Sample::first(2)?);
        Ok(Self {
            way,
            connection: stand.connect(user).await?,
            samples,
            runs: Arc::new(runs),
            published: 0,
        })
    }

    pub(crate) async fn publish(&mut self, rate: u64, duration: Duration) -> Result<Vec<Sent>> {
        let count = (duration.as_secs_f64() * rate as f64) as u64;
        let first = self.published;
        self.published += count;
        let (way, connection) = (self.way, self.connection.clone());
        let (samples, runs) = (self.samples.clone(), self.runs.clone());
        by_the_clock(count, Duration::from_secs(1) / rate as u32, move |n| {
            let (connection, samples, runs) = (connection.clone(), samples.clone(), runs.clone());
            let (run, number) = ((first + n) as usize % RUNS, (first + n) / RUNS as u64 + 1);
            async move {
                match way {
                    Way::Log => {
                        let event = samples[1].event(&runs[run], u128::from(first + n));
                        let headers = to_headers(&event.attributes);
                        store(
                            &connection,
                            &event.subject.to_string(),
                            headers,
                            event.payload.into(),
                        )
                        .await
                    }
                    Way::Door => {
                        let payload = sample::published(&runs[run], number, 200);
                        store(&connection, "in.faber", HeaderMap::new(), payload.into()).await
                    }
                }
            }
        })
        .await
    }
}

/// Does `send` every `period`, from a thread of its own that wakes to the microsecond.
async fn by_the_clock<F>(
    count: u64,
    period: Duration,
    send: impl Fn(u64) -> F + Send + 'static,
) -> Result<Vec<Sent>>
where
    F: Future<Output = Result<u64, StreamError>> + Send + 'static,
{
    let (told, mut sent) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Handle::current();
    let clock = thread::spawn(move || {
        let begun = Instant::now();
        for n in 0..count {
            let due = begun + period * n as u32;
            thread::sleep(due.saturating_duration_since(Instant::now()));
            let (told, sending) = (told.clone(), send(n));
            runtime.spawn(async move {
                let stored = sending.await;
                let _ = told.send((due, Instant::now(), stored));
            });
        }
    });
    let mut all = Vec::with_capacity(count as usize);
    while let Some((due, acknowledged, stored)) = sent.recv().await {
        all.push(Sent { due, acknowledged, sequence: stored? });
    }
    if clock.join().is_err() || all.len() != count as usize {
        bail!("{} of {count} were published", all.len());
    }
    Ok(all)
}
