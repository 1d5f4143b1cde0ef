//! What a million claims cost: published at the door of a whole plane, decided, folded into every
//! view, kept on disk, backed up, and put back on a plane that is thrown away.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use async_nats::HeaderMap;
use helmstream_services::backup::{create::create, drill::drill};
use helmstream_stream::{Connection, append::EVENTS, health, read::extent};
use helmstream_tests::rest::{are_level, worked_off};

use crate::{
    Scale,
    cores::Used,
    fill::{Message, fill},
    memory,
    report::{Line, Report, Unit},
    sample,
    serving::Serving,
    stand::Stand,
};

/// Claims of each run.
const CLAIMS_EACH: u64 = 20;

/// Runs that are under way at a time.
const AT_A_TIME: usize = 50;

/// Publishes that may wait at the door.
const WAITING_MAX: u64 = 4_000;

/// What the message of each claim is filled with, so that its event weighs about a kilobyte.
const PADDING_BYTES: usize = 200;

/// How long a backup or a question may take.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let runs = scale.of(50_000, 500);
    let stand = Stand::start(report).await?;
    let operator = stand.connect("operator").await?;
    let database = stand.owner().await?;
    let empty = Held::now(&operator, &database).await?;
    let serving = Serving::start(&stand, &[])?;
    let (used, begun) = (Used::with(&stand, Some(serving.process_id())), Instant::now());
    let published = publish(&stand, &operator, runs).await?;
    let views = stand.database("operator")?;
    worked_off(&operator, async || are_level(&operator, &views).await).await;
    let (seconds, cores) = (begun.elapsed().as_secs_f64(), used.since());
    let events = extent(&operator, EVENTS).await?.messages;
    ensure!(events >= runs as u64 * CLAIMS_EACH, "{events} events came of {runs} runs");
    report.add(Line {
        bench: "capacity",
        case: format!("{events} events of {runs} runs, from the door to every view"),
        unit: Unit::EventsASecond,
        figures: vec![("events", events as f64 / seconds)],
        ratio: None,
        goals: vec![],
        note: format!("{seconds:.0} s, {published} bytes published; {cores}"),
    });
    let full = Held::now(&operator, &database).await?;
    for (what, bytes) in full.beyond(&empty) {
        report.add(single("disk", what, Unit::BytesAnEvent, bytes as f64 / events as f64));
    }
    let memory = [
        ("all services in one process, at most", serving.memory_mb_max()),
        ("nats-server, at most", memory::of_process_mb_max(stand.nats.process_id())),
        ("Postgres, what is its own and its share of what is shared", {
            memory::of_family_mb(stand.postgres.process_id())
        }),
    ];
    for (what, mb) in memory {
        report.add(single("memory", what.to_owned(), Unit::Megabytes, mb as f64));
    }
    drop(serving);
    backed_up(&stand, events, report).await
}

/// A backup of it, and the drill that proves it.
async fn backed_up(stand: &Stand, events: u64, report: &mut Report) -> Result<()> {
    let folder = stand.plane.directory().join("nats").join("backup");
    let begun = Instant::now();
    let created = create(&stand.plane, &folder, Some(PATIENCE), &mut |_| {}).await?;
    let created_in = begun.elapsed().as_secs_f64();
    let restored = drill(&folder, &mut |_| {}).await?;
    ensure!(restored.is_same, "what was put back is not what was taken");
    let parts: Vec<String> = restored
        .parts
        .iter()
        .map(|took| format!("{} {:.1} s", took.part, took.ms as f64 / 1_000.0))
        .collect();
    let restored_in = restored.parts.iter().map(|took| took.ms as f64).sum::<f64>() / 1_000.0;
    let bytes = format!("{} bytes an event", created.bytes / events);
    for (case, seconds, note) in
        [("created", created_in, bytes), ("put back", restored_in, parts.join(", "))]
    {
        report.add(Line {
            bench: "backup",
            case: format!("{events} events {case}"),
            unit: Unit::EventsASecond,
            figures: vec![("events", events as f64 / seconds)],
            ratio: None,
            goals: vec![],
            note: format!("{seconds:.1} s; {note}"),
        });
    }
    Ok(())
}

fn single(bench: &'static str, case: String, unit: Unit, value: f64) -> Line {
    let figures = vec![("held", value)];
    Line { bench, case, unit, figures, ratio: None, goals: vec![], note: String::new() }
}

/// Publishes as a pipeline does, as fast as the door works it off; how many bytes.
async fn publish(stand: &Stand, operator: &Connection, runs: usize) -> Result<usize> {
    let faber = stand.connect("faber").await?;
    let names: Vec<_> = (0..runs).map(|n| sample::run("capacity", n)).collect();
    let mut bytes = 0;
    for group in names.chunks(AT_A_TIME) {
        let claims = (1..=CLAIMS_EACH)
            .flat_map(|number| group.iter().map(move |run| (run, number)))
            .map(|(run, number)| sample::published(run, number, PADDING_BYTES))
            .inspect(|claim| bytes += claim.len());
        let messages = claims.map(|claim| Message {
            subject: "in.faber".to_owned(),
            headers: HeaderMap::new(),
            payload: claim.into(),
        });
        fill(&faber, messages).await?;
        while extent(operator, "INBOX").await?.messages > WAITING_MAX {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    Ok(bytes)
}

/// What is on disk, by what holds it: streams with what the server counts, schemas with indexes.
struct Held(Vec<(String, u64)>);

impl Held {
    async fn now(operator: &Connection, database: &tokio_postgres::Client) -> Result<Self> {
        let mut all = Vec::new();
        for stream in health::streams(operator).await? {
            all.push((format!("stream {}", stream.name), stream.bytes));
        }
        database.batch_execute("CHECKPOINT").await.context("cannot make a checkpoint")?;
        for row in database.query(include_str!("capacity/schemas.sql"), &[]).await? {
            let bytes: i64 = row.get("bytes");
            all.push((format!("schema {}", row.get::<_, String>("schema")), bytes as u64));
        }
        Ok(Self(all))
    }

    /// What there is more than there was, the heaviest first; what is next to nothing is left out.
    fn beyond(&self, before: &Self) -> Vec<(String, u64)> {
        const TOLD_BYTES_MIN: u64 = 1_000_000;
        let was = |what: &str| {
            before.0.iter().find(|(known, _)| known == what).map_or(0, |(_, bytes)| *bytes)
        };
        let mut all: Vec<_> = self
            .0
            .iter()
            .map(|(what, bytes)| (what.clone(), bytes.saturating_sub(was(what))))
            .filter(|(_, bytes)| *bytes >= TOLD_BYTES_MIN)
            .collect();
        all.sort_by_key(|(_, bytes)| std::cmp::Reverse(*bytes));
        all
    }
}
