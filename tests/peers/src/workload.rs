//! The work that every peer does: its size, its commands, and the workers that bring them. It knows
//! no peer.

use std::{collections::BTreeMap, future::Future, time::Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::task::JoinSet;

/// An event is padded to so many bytes of JSON.
const REPORT_BYTES: usize = 1_000;

/// How often a command is tried before the peer is given up: far more than any was seen to need.
const TRIES_MAX: u32 = 2_000;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Workload {
    pub(crate) runs: usize,
    pub(crate) steps: u64,
    /// Commands under way at a time.
    pub(crate) at_once: usize,
    /// Connections of the peer's pool.
    pub(crate) connections: u32,
    /// Whether a commit is on disk when it is confirmed, as it is by default.
    pub(crate) synchronous_commit: bool,
    /// Whether the events are folded into rows afterwards.
    pub(crate) fold: bool,
}

#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) commands_a_second: f64,
    /// Events folded into rows, if that was asked.
    pub(crate) events_folded_a_second: Option<f64>,
    /// Commands tried again because the store turned them away.
    pub(crate) conflicts: u64,
    /// Commands tried again because they were decided on a state that lacked a committed event.
    pub(crate) behind: u64,
    /// What else has to be known to read the figures.
    pub(crate) remark: &'static str,
}

/// What a run says of one step; command and event alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Report {
    pub(crate) event_id: u64,
    #[serde(rename = "type")]
    pub(crate) word: String,
    pub(crate) timestamp: String,
    pub(crate) run_id: String,
    pub(crate) phase: String,
    pub(crate) step: String,
    pub(crate) status: String,
    pub(crate) duration_ms: u64,
    pub(crate) message: String,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// The rule of the decision: the number follows the last one.
#[derive(Debug, thiserror::Error)]
#[error("report {number} does not follow report {last}")]
pub(crate) struct Gap {
    pub(crate) number: u64,
    pub(crate) last: u64,
}

/// What came of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    Committed,
    Conflict,
    Behind,
}

/// What came of all commands.
#[derive(Debug, Default)]
pub(crate) struct Driven {
    pub(crate) commands_a_second: f64,
    pub(crate) conflicts: u64,
    pub(crate) behind: u64,
}

impl Report {
    pub(crate) fn new(run: &str, number: u64) -> Self {
        let metadata = [("work_id", "142"), ("autonomy", "autonomous"), ("log", "")];
        let mut report = Self {
            event_id: number,
            word: if number % 2 == 0 { "step_complete" } else { "step_start" }.into(),
            timestamp: "2026-11-22T06:00:00Z".into(),
            run_id: run.into(),
            phase: "build".into(),
            step: "implement".into(),
            status: "completed".into(),
            duration_ms: 1_250,
            message: "Implemented the change and ran the tests.".into(),
            metadata: metadata.map(|(name, value)| (name.into(), value.into())).into(),
        };
        let bytes = serde_json::to_vec(&report).map_or(0, |json| json.len());
        let log = "=".repeat(REPORT_BYTES.saturating_sub(bytes));
        report.metadata.insert("log".into(), log);
        report
    }

    pub(crate) fn follows(&self, last: u64) -> Result<(), Gap> {
        match self.event_id == last + 1 {
            true => Ok(()),
            false => Err(Gap { number: self.event_id, last }),
        }
    }
}

impl Workload {
    /// Connections that see the peer's own schema first.
    pub(crate) async fn pool(&self, schema: &str) -> Result<PgPool> {
        let commit = if self.synchronous_commit { "on" } else { "off" };
        let options = PgConnectOptions::new()
            .options([("search_path", schema), ("synchronous_commit", commit)]);
        PgPoolOptions::new()
            .max_connections(self.connections)
            .connect_with(options)
            .await
            .context("cannot reach Postgres")
    }

    /// A little of the same work, so that connections stand and statements are known; then
    /// Postgres is told what its tables look like.
    pub(crate) async fn warm<F>(
        &self,
        pool: &PgPool,
        once: impl Fn(Report) -> F + Clone + Send + Sync + 'static,
    ) -> Result<()>
    where
        F: Future<Output = Result<Tried>> + Send,
    {
        let little = Self { runs: self.at_once, ..self.clone() };
        little.drive("warm", once).await?;
        sqlx::query("ANALYZE").execute(pool).await.context("cannot analyse")?;
        Ok(())
    }

    /// Every step of every run, each worker with its own share of the runs: a step of all of them,
    /// then the next.
    pub(crate) async fn drive<F>(
        &self,
        prefix: &'static str,
        once: impl Fn(Report) -> F + Clone + Send + Sync + 'static,
    ) -> Result<Driven>
    where
        F: Future<Output = Result<Tried>> + Send,
    {
        let begun = Instant::now();
        let mut workers = JoinSet::new();
        for worker in 0..self.at_once {
            let (once, runs, steps, at_once) = (once.clone(), self.runs, self.steps, self.at_once);
            workers.spawn(async move {
                let mut driven = Driven::default();
                for number in 1..=steps {
                    for n in (worker..runs).step_by(at_once) {
                        let report = Report::new(&format!("acme/shop/{prefix}-{n:06}"), number);
                        driven.bring(&once, report).await?;
                    }
                }
                Ok::<_, anyhow::Error>(driven)
            });
        }
        let mut all = Driven::default();
        while let Some(worker) = workers.join_next().await {
            let driven = worker.context("a worker panicked")??;
            all.conflicts += driven.conflicts;
            all.behind += driven.behind;
        }
        let commands = self.runs as u64 * self.steps;
        all.commands_a_second = commands as f64 / begun.elapsed().as_secs_f64();
        Ok(all)
    }

    /// Events in the store when everything was driven, the warming included.
    pub(crate) fn events_stored(&self) -> u64 {
        (self.runs + self.at_once) as u64 * self.steps
    }
}

impl Driven {
    /// One command, tried until it is committed.
    async fn bring<F>(&mut self, once: impl Fn(Report) -> F, report: Report) -> Result<()>
    where
        F: Future<Output = Result<Tried>>,
    {
        for _ in 0..TRIES_MAX {
            match once(report.clone()).await? {
                Tried::Committed => return Ok(()),
                Tried::Conflict => self.conflicts += 1,
                Tried::Behind => self.behind += 1,
            }
        }
        let (number, run) = (report.event_id, report.run_id);
        bail!("report {number} of {run} was not committed in {TRIES_MAX} tries")
    }
}
