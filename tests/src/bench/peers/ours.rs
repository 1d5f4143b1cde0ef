//! Our side of the work that the peers do: through the service, as it is served, and in place, as
//! the peers do it, with the service's own desk and as many commands under way.

use std::{sync::Arc, time::Instant};

use anyhow::{Context, Result, bail};
use helmstream_core::run::Run;
use helmstream_schemas::{Record, outcome::Outcome};
use helmstream_stream::{decide::Desk, limits::RUNS_CACHED_BYTES_MAX};
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::Work;
use crate::{
    decide::{Commands, Gate, start},
    fold,
    machine::now,
    sample::{self, Sample},
    stand::Stand,
};

pub(crate) struct Ours {
    work: Work,
    samples: Arc<[Sample]>,
    /// Rounds so far; every round has runs and commands of its own.
    round: u64,
    service: Option<Service>,
}

/// The deciding part of the service `run`.
struct Service {
    gate: Gate,
    stop: watch::Sender<bool>,
    deciding: JoinHandle<Result<()>>,
}

impl Ours {
    /// Without the service.
    pub(crate) fn new(work: Work) -> Result<Self> {
        let samples = Sample::first(work.steps)?.into();
        Ok(Self { work, samples, round: 0, service: None })
    }

    pub(crate) async fn serving(work: Work, stand: &mut Stand) -> Result<Self> {
        let gate = Gate { admin: stand.admin().await? };
        let (stop, deciding) = start(stand).await?;
        let service = Some(Service { gate, stop, deciding });
        let mut ours = Self { service, ..Self::new(work)? };
        // As the peers: a little of the same work, before anything counts.
        ours.served(stand).await?;
        Ok(ours)
    }

    pub(crate) async fn stop(self) -> Result<()> {
        if let Some(Service { stop, deciding, .. }) = self.service {
            stop.send_replace(true);
            deciding.await.context("the deciding part panicked")??;
        }
        Ok(())
    }

    /// Commands that are stored already, decided and appended by the service.
    pub(crate) async fn served(&mut self, stand: &Stand) -> Result<(f64, String)> {
        let (prefix, made) = self.next("served");
        let service = self.service.as_ref().context("nothing is served")?;
        let mut commands = Commands::new(&self.samples, (self.work.runs, &prefix), made);
        let each = (0..self.work.steps).flat_map(|_| commands.each_run_once());
        service.gate.work_off(stand, each.collect()).await
    }

    /// Commands that nobody stores, decided and appended at once: what a peer's `execute` does.
    pub(crate) async fn in_place(&mut self, stand: &Stand) -> Result<f64> {
        let (prefix, made) = self.next("placed");
        let desk = Desk::<Run>::new(stand.connect("run").await?, RUNS_CACHED_BYTES_MAX);
        let desk = Arc::new(desk);
        let warm = Work { runs: self.work.at_once, ..self.work };
        self.drive(&desk, warm, &format!("warm-{prefix}"), made | (1 << 63)).await?;
        self.drive(&desk, self.work, &prefix, made).await
    }

    async fn drive(
        &self,
        desk: &Arc<Desk<Run>>,
        work: Work,
        prefix: &str,
        made: u128,
    ) -> Result<f64> {
        let begun = Instant::now();
        let mut workers = JoinSet::new();
        for worker in 0..work.at_once {
            let (desk, samples) = (desk.clone(), self.samples.clone());
            let prefix = prefix.to_owned();
            workers.spawn(async move {
                for (number, sample) in samples.iter().enumerate() {
                    for n in (worker..work.runs).step_by(work.at_once) {
                        let run = sample::run(&prefix, n);
                        let unique = (number * work.runs + n) as u64 + 1;
                        let command = sample.command(&run, made + u128::from(unique));
                        let record = Record {
                            stream: "COMMANDS".into(),
                            subject: command.subject().to_string(),
                            sequence: unique,
                            recorded_at: now(),
                            attributes: command.attributes,
                            payload: command.payload,
                        };
                        match desk.settle(&run, &record).await? {
                            Outcome::Event { .. } => {}
                            outcome => bail!("a report is not appended but {outcome:?}"),
                        }
                    }
                }
                Ok(())
            });
        }
        while let Some(worker) = workers.join_next().await {
            worker.context("a worker panicked")??;
        }
        Ok(work.runs as f64 * work.steps as f64 / begun.elapsed().as_secs_f64())
    }

    /// The same events folded into rows by the view of runs.
    pub(crate) async fn folded(&mut self, stand: &Stand) -> Result<f64> {
        let (prefix, _) = self.next("folded");
        let runs = self.work.runs;
        let before = self.round * runs as u64 * self.work.steps;
        let pairs = self.samples.iter().flat_map(|s| (0..runs).map(move |n| (n, s)));
        let records: Vec<Record> = pairs
            .zip(before + 1..)
            .map(|((n, sample), sequence)| sample.record(&sample::run(&prefix, n), sequence))
            .collect();
        fold::ours(stand, &records).await
    }

    /// The runs' name and where the commands' ids begin.
    fn next(&mut self, what: &str) -> (String, u128) {
        self.round += 1;
        (format!("{what}{}", self.round), u128::from(self.round) << 64)
    }
}
