//! Commands that are stored already, decided and appended by the deciding part of the service
//! `run`, against bare guarded publishes. The part runs all the time, so that its states are in
//! memory as far as it keeps them; its consumers are paused while commands are stored and while the
//! other side has its turn.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use helmstream_core::{NewCommand, run::Run};
use helmstream_schemas::Id;
use helmstream_services::{decides::decide, limits::PARTITIONS, surroundings::Surroundings};
use helmstream_stream::{Connection, append::EVENTS, read::extent};
use serde_json::{Value, json};
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
const RUNS: [(usize, &str); 2] = [(4_000, "near"), (10_000, "wide")];

/// As many as four partitions may have under way.
const BARE_AT_ONCE: usize = 512;

/// How often the log is looked at while commands are worked off. It bounds the error of a round.
const LOOK: Duration = Duration::from_millis(5);

/// Reports of one run at most, over all rounds.
const NUMBERS_MAX: u64 = 200;

/// How long a round may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) async fn bench(scale: Scale, report: &mut Report) -> Result<()> {
    let mut stand = Stand::start(report).await?;
    let gate = Gate { admin: stand.admin().await? };
    let bare = Bare::new(stand.connect("run").await?, "bare")?;
    bare.rate(BARE_AT_ONCE, Duration::from_millis(500)).await?;
    let samples = Sample::first(NUMBERS_MAX)?;
    let (stop, deciding) = start(&stand).await?;
    for (case, (runs, prefix)) in RUNS.into_iter().enumerate() {
        let mut commands = Commands::new(&samples, (runs, prefix), (case as u128) << 64);
        let warming = commands.each_run_once();
        gate.work_off(&stand, warming).await?;
        let (mut duel, mut notes) = (Duel::default(), Vec::new());
        for _ in 0..scale.of(5, 1) {
            let counted = commands.at_random(scale.of(30_000, 10_000));
            let (rate, note) = gate.work_off(&stand, counted).await?;
            notes.push(format!("{rate:.0} a second with {note}"));
            let duration = Duration::from_secs_f64(scale.of(2.0, 0.5));
            duel.round(rate, bare.rate(BARE_AT_ONCE, duration).await?);
        }
        report.add(Line {
            bench: "decide",
            case: format!("{runs} runs"),
            unit: Unit::EventsASecond,
            figures: vec![("ours", duel.ours()), ("bare", duel.bare())],
            ratio: Some(duel.ratio()),
            goals: vec![Goal::Ratio(0.7)],
            note: format!("round by round: {}", notes.join("; ")),
        });
    }
    stop.send_replace(true);
    deciding.await.context("the deciding part panicked")?
}

pub(crate) async fn start(stand: &Stand) -> Result<(watch::Sender<bool>, JoinHandle<Result<()>>)> {
    let (stop, stopped) = watch::channel(false);
    let around = Surroundings {
        connection: stand.connect("run").await?,
        database: stand.database("run")?,
        epoch: stand.epoch,
        instance: Uuid::new_v4(),
        cleaner: None,
        http: None,
        metrics: helmstream_services::metrics::ServiceMetrics::unseen("run"),
        traces: Default::default(),
        stop: stopped,
    };
    Ok((stop, tokio::spawn(decide::<Run>(Arc::new(around)))))
}

/// The consumers of the deciding part, open or closed.
pub(crate) struct Gate {
    pub(crate) admin: Connection,
}

impl Gate {
    /// Stores commands behind the closed gate, opens it, and counts until each has its event. The server
    /// opens it when it next looks, half a second later or more: the time begins with the first event.
    pub(crate) async fn work_off(
        &self,
        stand: &Stand,
        commands: Vec<NewCommand>,
    ) -> Result<(f64, String)> {
        self.set(json!("2100-01-01T00:00:00Z")).await?;
        let count = commands.len() as u64;
        let before = extent(&self.admin, EVENTS).await?.messages;
        fill(&stand.connect("door").await?, commands.into_iter().map(Message::from)).await?;
        self.set(Value::Null).await?;
        let first = self.until(before + 1).await?;
        let (begun, used) = (Instant::now(), Used::now(stand));
        self.until(before + count).await?;
        let decided = before + count - first;
        Ok((decided as f64 / begun.elapsed().as_secs_f64(), used.since().to_string()))
    }

    /// Waits until EVENTS holds so many; how many it holds.
    async fn until(&self, events: u64) -> Result<u64> {
        let begun = Instant::now();
        loop {
            let held = extent(&self.admin, EVENTS).await?.messages;
            if held >= events {
                return Ok(held);
            }
            ensure!(begun.elapsed() < PATIENCE, "the commands are not worked off");
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn set(&self, pause_until: Value) -> Result<()> {
        for partition in 0..PARTITIONS {
            let subject = format!("$JS.API.CONSUMER.PAUSE.COMMANDS.run-{partition}");
            let body = match &pause_until {
                Value::Null => json!({}),
                until => json!({ "pause_until": until }),
            };
            let answer = self.admin.client.request(subject, body.to_string().into()).await?;
            let answer: Value = serde_json::from_slice(&answer.payload)?;
            ensure!(answer.get("error").is_none(), "a consumer is not paused: {answer}");
        }
        Ok(())
    }
}

/// Commands of some runs, each run's in the order of its own numbers.
pub(crate) struct Commands<'a> {
    samples: &'a [Sample],
    runs: Vec<(Id, usize)>,
    made: u128,
    chance: u64,
}

impl<'a> Commands<'a> {
    /// Their ids count up from `made`.
    pub(crate) fn new(samples: &'a [Sample], (runs, prefix): (usize, &str), made: u128) -> Self {
        let runs = (0..runs).map(|n| (sample::run(prefix, n), 0)).collect();
        Self { samples, runs, made, chance: 1 }
    }

    pub(crate) fn each_run_once(&mut self) -> Vec<NewCommand> {
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
