//! From the acknowledgement of a publish to the moment at which a reader sees its row in the view of
//! runs, in an open loop: publishes go out by the clock, whatever became of the ones before. Once
//! for events that are stored straight on EVENTS, and once for what is published at the door.
//!
//! The reader listens: a trigger on the view's checkpoint, which moves in the transaction that
//! writes the rows, tells each commit. So every commit is seen by itself, and each time includes
//! the server's own notification, some hundredths of a millisecond; nothing polls.

pub(crate) mod publisher;
mod reader;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tokio_postgres::Client;

use self::{
    publisher::{Publisher, Sent, Way},
    reader::Reader,
};
use crate::{
    Scale,
    report::{Goal, Line, Report, Unit},
    rounds::{Times, median},
    serving::Serving,
    stand::Stand,
};

/// Publishes a second.
const RATES: [u64; 2] = [200, 1_000];

/// How long everything that was published may take to be seen, before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(60);

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
