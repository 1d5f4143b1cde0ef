//! An aggregate of 100 events that lie evenly spread in a long log, loaded by a service that has
//! nothing in memory: with a snapshot and without, from a server that has the log's blocks in
//! memory and from one that was just started. The operating system's own cache is left as it is.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use helmstream_core::run::Run;
use helmstream_schemas::Id;
use helmstream_stream::{
    Connection,
    append::EVENTS,
    load::{load, save},
    read::extent,
};

use crate::{
    Scale,
    fill::{Message, fill},
    report::{Goal, Line, Report, Unit},
    rounds::Times,
    sample::{self, Sample},
    stand::Stand,
};

/// Events of each aggregate; where the service writes a snapshot.
const EVENTS_EACH: usize = 100;

/// Aggregates that have a snapshot: every tenth, so that they lie in all parts of the log.
const SNAPSHOT_EVERY: usize = 10;

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let runs = scale.of(20_000, 2_000);
    let mut stand = Stand::start(report).await?;
    let connection = stand.connect("run").await?;
    build(&connection, runs).await?;
    let with: Vec<Id> = (0..runs).step_by(SNAPSHOT_EVERY).map(name).collect();
    let without: Vec<Id> = (SNAPSHOT_EVERY / 2..runs).step_by(SNAPSHOT_EVERY).map(name).collect();
    for id in &with {
        save(&connection, id, &load::<Run>(&connection, id).await?).await?;
    }
    let counted = scale.of(1_000, 100);
    let mut warm = [Times::default(), Times::default()];
    for (with, without) in with.iter().zip(&without).take(counted) {
        warm[0].add(timed(&connection, with).await?);
        warm[1].add(timed(&connection, without).await?);
    }
    drop(connection);
    let mut cold = [Times::default(), Times::default()];
    for n in 0..scale.of(15, 2) {
        cold[0].add(restarted(&mut stand, &with[n * with.len() / 15]).await?);
        cold[1].add(restarted(&mut stand, &without[n * without.len() / 15]).await?);
    }
    let goals = vec![Goal::Under("p99", 5.0)];
    let events = runs * EVENTS_EACH;
    for (case, times, goals) in [
        ("snapshot, warm server", &warm[0], goals),
        ("no snapshot, warm server", &warm[1], vec![]),
        ("snapshot, server just started", &cold[0], vec![]),
        ("no snapshot, server just started", &cold[1], vec![]),
    ] {
        report.add(line(case, times, goals, events));
    }
    Ok(())
}

fn line(case: &str, times: &Times, goals: Vec<Goal>, events: usize) -> Line {
    Line {
        bench: "load",
        case: case.to_owned(),
        unit: Unit::Milliseconds,
        figures: times.figures(),
        ratio: None,
        goals,
        note: format!("{} loads, {events} events in the log", times.len()),
    }
}

fn name(n: usize) -> Id {
    sample::run("long", n)
}

/// The log: round after round, one event of every run.
async fn build(connection: &Connection, runs: usize) -> Result<()> {
    let names: Vec<Id> = (0..runs).map(name).collect();
    let begun = Instant::now();
    for (number, sample) in Sample::first(EVENTS_EACH as u64)?.iter().enumerate() {
        let events = names.iter().enumerate().map(|(n, run)| {
            let unique = (number * runs + n) as u128;
            Message::from(sample.event(run, unique))
        });
        fill(connection, events).await?;
    }
    eprintln!("  {} events stored in {:.0} s", runs * EVENTS_EACH, begun.elapsed().as_secs_f64());
    Ok(())
}

async fn timed(connection: &Connection, id: &Id) -> Result<Duration> {
    let begun = Instant::now();
    let aggregate = load::<Run>(connection, id).await?;
    let time = begun.elapsed();
    anyhow::ensure!(aggregate.length == EVENTS_EACH as u64, "{id} has {} events", aggregate.length);
    Ok(time)
}

/// The first thing that a server is asked for since it was started.
async fn restarted(stand: &mut Stand, id: &Id) -> Result<Duration> {
    stand.nats.restart().await.context("cannot start NATS again")?;
    let connection = stand.connect("run").await?;
    extent(&connection, EVENTS).await?;
    timed(&connection, id).await
}
