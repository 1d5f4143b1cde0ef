//! Commands that are stored already, decided and appended by the deciding part of the service
//! `run`, against bare guarded publishes. Each round stores one command of every run first: once
//! those are decided, the states are in memory, and the time begins.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use helmstream_core::{NewCommand, run::Run};
use helmstream_schemas::Id;
use helmstream_services::{decides::decide, service::Surroundings};
use helmstream_stream::{Connection, append::EVENTS, read::extent};
use tokio::{sync::watch, task::JoinHandle};
use uuid::Uuid;

use crate::{
    Scale,
    append::Bare,
    cores::Used,
    fill::{Message, fill},
    report::{Goal, Line, Report, Unit},
    rounds::Duel,
    sample::{self, Sample},
    stand::Stand,
};

/// Runs that commands are for, in equal shares by chance: what the goal names, and as many as the
/// service certainly keeps in memory.
const RUNS: [(usize, &str); 2] = [(10_000, "wide"), (4_000, "near")];

/// As many as four partitions may have under way.
const BARE_AT_ONCE: usize = 512;

/// How often the log is looked at while commands are worked off. It bounds the error of a round.
const LOOK: Duration = Duration::from_millis(10);

/// Reports of one run at most, over all rounds.
const NUMBERS_MAX: u64 = 200;

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let stand = Stand::start(report).await?;
    let bare = Bare::new(stand.connect("run").await?, "bare")?;
    bare.rate(BARE_AT_ONCE, Duration::from_millis(500)).await?;
    let samples = Sample::first(NUMBERS_MAX)?;
    for (case, (runs, prefix)) in RUNS.into_iter().enumerate() {
        let mut commands = Commands::new(&samples, (runs, prefix), (case as u128) << 64);
        let mut duel = Duel::default();
        let mut note = String::new();
        for _ in 0..scale.of(5, 1) {
            let counted = scale.of(60_000, 10_000);
            let (rate, cores) = round(&stand, &mut commands, counted).await?;
            note = cores;
            let duration = Duration::from_secs_f64(scale.of(3.0, 0.5));
            duel.round(rate, bare.rate(BARE_AT_ONCE, duration).await?);
        }
        report.add(Line {
            bench: "decide",
            case: format!("{runs} runs"),
            unit: Unit::EventsASecond,
            figures: vec![("ours", duel.ours()), ("bare", duel.bare())],
            ratio: Some(duel.ratio()),
            goals: vec![Goal::Ratio(0.7)],
            note,
        });
    }
    Ok(())
}

/// Stores, starts to decide, and counts from when the states are warm.
async fn round(
    stand: &Stand,
    commands: &mut Commands<'_>,
    counted: usize,
) -> Result<(f64, String)> {
    let operator = stand.connect("operator").await?;
    let before = extent(&operator, EVENTS).await?.messages;
    let warm = commands.each_run_once();
    let warming = warm.len() as u64;
    let timed = commands.at_random(counted);
    let messages = warm.into_iter().chain(timed).map(Message::from);
    fill(&stand.connect("door").await?, messages).await?;
    let (stop, deciding) = start(stand).await?;
    until(&operator, before + warming).await?;
    let (begun, used) = (Instant::now(), Used::now(stand));
    let reached = extent(&operator, EVENTS).await?.messages;
    let end = before + warming + counted as u64;
    until(&operator, end).await?;
    let rate = (end - reached) as f64 / begun.elapsed().as_secs_f64();
    let cores = used.since().to_string();
    // The last acknowledgements are on their way.
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send_replace(true);
    deciding.await.context("the deciding part panicked")??;
    Ok((rate, cores))
}

async fn start(stand: &Stand) -> Result<(watch::Sender<bool>, JoinHandle<Result<()>>)> {
    let (stop, stopped) = watch::channel(false);
    let around = Surroundings {
        connection: stand.connect("run").await?,
        database: stand.database("run")?,
        epoch: stand.epoch,
        instance: Uuid::new_v4(),
        cleaner: None,
        stop: stopped,
    };
    Ok((stop, tokio::spawn(decide::<Run>(Arc::new(around)))))
}

async fn until(connection: &Connection, messages: u64) -> Result<()> {
    while extent(connection, EVENTS).await?.messages < messages {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Commands of some runs, each run's in the order of its own numbers.
struct Commands<'a> {
    samples: &'a [Sample],
    runs: Vec<(Id, usize)>,
    made: u128,
    chance: u64,
}

impl<'a> Commands<'a> {
    /// Their ids count up from `made`.
    fn new(samples: &'a [Sample], (runs, prefix): (usize, &str), made: u128) -> Self {
        let runs = (0..runs).map(|n| (sample::run(prefix, n), 0)).collect();
        Self { samples, runs, made, chance: 1 }
    }

    fn each_run_once(&mut self) -> Vec<NewCommand> {
        (0..self.runs.len()).map(|n| self.next(n)).collect()
    }

    fn at_random(&mut self, count: usize) -> Vec<NewCommand> {
        (0..count)
            .map(|_| {
                // The constants are Knuth's; the low bits are the poor ones.
                self.chance = self
                    .chance
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                self.next((self.chance >> 33) as usize % self.runs.len())
            })
            .collect()
    }

    fn next(&mut self, n: usize) -> NewCommand {
        self.made += 1;
        let (run, number) = &mut self.runs[n];
        let sample = &self.samples[*number];
        *number += 1;
        sample.command(run, self.made)
    }
}
