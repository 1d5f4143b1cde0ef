//! From the acknowledgement of a publish to the moment at which a reader sees its row in the view of
//! runs, in an open loop: publishes go out by the clock, whatever became of the ones before. Once
//! for events that are stored straight on EVENTS, and once for what is published at the door.
//!
//! The reader listens: a trigger on the view's checkpoint, which moves in the transaction that
//! writes the rows, tells each commit. So every commit is seen by itself, and each time includes
//! the server's own notification, some hundredths of a millisecond; nothing polls.

mod reader;

use std::{
    collections::HashMap,
    future::Future,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use async_nats::HeaderMap;
use helmstream_schemas::Id;
use helmstream_stream::{StreamError, headers::to_headers, publish::store};
use tokio::sync::mpsc;
use tokio_postgres::Client;

use self::reader::Reader;
use crate::{
    Scale,
    report::{Goal, Line, Report, Unit},
    rounds::{Times, median},
    sample::{self, Sample},
    serving::Serving,
    stand::Stand,
};

/// Publishes a second.
const RATES: [u64; 2] = [200, 1_000];

/// Runs that take turns: one has a new event every second at the higher rate.
const RUNS: usize = 1_000;

/// How long everything that was published may take to be seen, before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Stored on EVENTS.
    Log,
    /// Published to INBOX.
    Door,
}

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let stand = Stand::start(report).await?;
    let mut reader = Reader::open(&stand).await?;
    let serving = Serving::start(&stand, &[])?;
    let mut publishers =
        [Publisher::new(&stand, Way::Log).await?, Publisher::new(&stand, Way::Door).await?];
    let owner = stand.owner().await?;
    for publisher in &mut publishers {
        // Services connect, statements are prepared, runs get their first row.
        round(publisher, &mut reader, &owner, 500, Duration::from_secs(3)).await?;
    }
    let mut rounds: HashMap<(usize, u64), Vec<Round>> = HashMap::new();
    let duration = scale.of(Duration::from_secs(10), Duration::from_secs(2));
    for _ in 0..scale.of(3, 1) {
        for rate in RATES {
            for (way, publisher) in publishers.iter_mut().enumerate() {
                let measured = round(publisher, &mut reader, &owner, rate, duration).await?;
                rounds.entry((way, rate)).or_default().push(measured);
            }
        }
    }
    let memory = format!("serve held {} MB at most", serving.memory_mb_max());
    for (way, what, goal) in
        [(0, "acknowledged to visible", (1.5, 5.0)), (1, "door to visible", (4.0, 12.0))]
    {
        for rate in RATES {
            let goals = match rate {
                1_000 => vec![Goal::Under("p50", goal.0), Goal::Under("p99", goal.1)],
                _ => vec![],
            };
            report.add(line(
                format!("{what}, {rate} a second"),
                &rounds[&(way, rate)],
                goals,
                &memory,
            ));
        }
    }
    Ok(())
}

fn line(case: String, rounds: &[Round], goals: Vec<Goal>, memory: &str) -> Line {
    let over = |figure: fn(&Round) -> f64| median(&rounds.iter().map(figure).collect::<Vec<_>>());
    let max = rounds.iter().map(|round| round.visible.share(1.0)).fold(0.0, f64::max);
    Line {
        bench: "visible",
        case,
        unit: Unit::Milliseconds,
        figures: vec![
            ("p50", over(|round| round.visible.share(0.5))),
            ("p99", over(|round| round.visible.share(0.99))),
            ("max", max),
            ("ack p50", over(|round| round.acknowledged.share(0.5))),
            ("ack p99", over(|round| round.acknowledged.share(0.99))),
        ],
        ratio: None,
        goals,
        note: format!(
            "{} events, {memory}",
            rounds.iter().map(|round| round.visible.len()).sum::<usize>()
        ),
    }
}

/// Times of one round.
struct Round {
    /// From the acknowledgement to the row.
    visible: Times,
    /// From when it was due to be sent to the acknowledgement.
    acknowledged: Times,
}

/// One publish: when it was due, when it was acknowledged, and where it is stored.
struct Sent {
    due: Instant,
    acknowledged: Instant,
    sequence: u64,
}

async fn round(
    publisher: &mut Publisher,
    reader: &mut Reader,
    owner: &Client,
    rate: u64,
    duration: Duration,
) -> Result<Round> {
    let sent = publisher.publish(rate, duration).await?;
    let positions = match publisher.way {
        Way::Log => sent.iter().map(|sent| (sent.sequence, sent.sequence)).collect(),
        Way::Door => events_of(owner, &sent).await?,
    };
    let last = positions.values().copied().max().context("nothing was published")?;
    reader.until(last, PATIENCE).await?;
    let mut round = Round { visible: Times::default(), acknowledged: Times::default() };
    for sent in &sent {
        let sequence = positions.get(&sent.sequence).context("a publish has no event")?;
        let seen = reader.seen(*sequence).context("an event was not seen")?;
        round.visible.add(seen.saturating_duration_since(sent.acknowledged));
        round.acknowledged.add(sent.acknowledged - sent.due);
    }
    Ok(round)
}

/// Which event each position in INBOX became, as the ledger has it afterwards.
async fn events_of(owner: &Client, sent: &[Sent]) -> Result<HashMap<u64, u64>> {
    let inbox: Vec<i64> = sent.iter().map(|sent| sent.sequence as i64).collect();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let rows = owner.query(include_str!("visible/events.sql"), &[&inbox]).await?;
        if rows.len() == sent.len() {
            let pair = |row: &tokio_postgres::Row| {
                (row.get::<_, i64>("inbox_seq") as u64, row.get::<_, i64>("seq") as u64)
            };
            return Ok(rows.iter().map(pair).collect());
        }
        ensure!(
            Instant::now() < deadline,
            "{} of {} publishes became events",
            rows.len(),
            sent.len()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Publishes by the clock.
struct Publisher {
    way: Way,
    connection: helmstream_stream::Connection,
    samples: Arc<Vec<Sample>>,
    runs: Arc<Vec<Id>>,
    /// Published so far; also says which run and which number is next.
    published: u64,
}

impl Publisher {
    async fn new(stand: &Stand, way: Way) -> Result<Self> {
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

    async fn publish(&mut self, rate: u64, duration: Duration) -> Result<Vec<Sent>> {
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
