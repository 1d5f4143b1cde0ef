//! The view of runs folded by its projector, batch by batch as a service does it, against two bare
//! writers that know the rows beforehand: one upserts a row an event, as somebody would who does
//! not fold; the other writes the very rows that the view writes, and so shows what folding them
//! costs. Same columns, same indexes, same commits.

mod bare;

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use helmstream_projections::{Projector, Run};
use helmstream_schemas::Record;
use uuid::Uuid;

use self::bare::{Bare, Writes};
use crate::{
    Scale,
    ahead::{batches, made_ready},
    cores::Used,
    report::{Goal, Line, Report, Unit},
    rounds::Duel,
    sample::{self, Sample},
    stand::Stand,
};

/// Runs that one round is about.
const RUNS: usize = 10_000;

/// In which order the runs' events lie in the log.
#[derive(Clone, Copy)]
enum Order {
    /// All events of a run, then all of the next.
    Consecutive,
    /// One event of every run, then the next of every run.
    Uniform,
}

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let stand = Stand::start(report).await?;
    stand
        .owner()
        .await?
        .batch_execute(include_str!("fold/create.sql"))
        .await
        .context("cannot make the bare tables")?;
    let samples = Sample::first(20)?;
    let mut sequence = 0;
    for (order, case, goal) in [
        (Order::Consecutive, "20 consecutive events a run", 1.3),
        (Order::Uniform, "uniform over 10,000 runs", 0.9),
    ] {
        let (mut single, mut same, mut note) = (Duel::default(), Duel::default(), String::new());
        for _ in 0..scale.of(5, 1) {
            let records = records(order, &samples, scale, sequence);
            sequence += records.len() as u64;
            stand.owner().await?.batch_execute(include_str!("fold/empty.sql")).await?;
            let used = Used::now(&stand);
            let ours = ours(&stand, &records).await?;
            note = used.since().to_string();
            let bare = Bare::open(&stand).await?;
            single.round(ours, bare.rate(&records, Writes::EventsAlone).await?);
            same.round(ours, bare.rate(&records, Writes::SameRows).await?);
        }
        report.add(line(case, "bare rows", &single, vec![Goal::Ratio(goal)], &note));
        report.add(line(&format!("{case}, the same rows"), "bare rows", &same, vec![], ""));
    }
    Ok(())
}

fn line(case: &str, bare: &'static str, duel: &Duel, goals: Vec<Goal>, note: &str) -> Line {
    Line {
        bench: "fold",
        case: case.to_owned(),
        unit: Unit::EventsASecond,
        figures: vec![("ours", duel.ours()), (bare, duel.bare())],
        ratio: Some(duel.ratio()),
        goals,
        note: note.to_owned(),
    }
}

fn records(order: Order, samples: &[Sample], scale: Scale, before: u64) -> Vec<Record> {
    let runs = scale.of(RUNS, RUNS / 10);
    // Half of them are enough where every batch is like the last.
    let (runs, samples) = match order {
        Order::Consecutive => (runs / 2, samples),
        Order::Uniform => (runs, &samples[..samples.len() / 2]),
    };
    let name = |n| sample::run(&format!("at{before}"), n);
    let pairs: Vec<(usize, &Sample)> = match order {
        Order::Consecutive => (0..runs).flat_map(|n| samples.iter().map(move |s| (n, s))).collect(),
        Order::Uniform => {
            samples.iter().flat_map(|s| (0..runs).map(move |n| (shuffled(n, runs), s))).collect()
        }
    };
    let records = pairs
        .iter()
        .zip(before + 1..)
        .map(|((n, sample), sequence)| sample.record(&name(*n), sequence));
    records.collect()
}

/// Every number below `count` once, neighbours far apart.
fn shuffled(n: usize, count: usize) -> usize {
    // A prime that divides no count used here.
    n * 7_919 % count
}

/// As `projects` does it: what was read at once is applied, and the position noted.
pub(crate) async fn ours(stand: &Stand, records: &[Record]) -> Result<f64> {
    let database = stand.database("run")?;
    let mut projector =
        Projector::<Run>::open(&database, "EVENTS", Uuid::new_v4(), stand.epoch).await?;
    let batches = batches(records);
    let begun = Instant::now();
    let (mut ready, mut folded) = (made_ready::<Run>(batches), 0);
    while let Some(batch) = ready.recv().await {
        folded += projector.apply_ready(batch).await?.folded;
    }
    ensure!(folded == records.len(), "only {folded} records were folded");
    Ok(records.len() as f64 / begun.elapsed().as_secs_f64())
}
