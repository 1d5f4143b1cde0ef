//! What a process tells of itself in numbers, for whoever scrapes it: what its services counted while
//! they worked, and what they find when they are looked at. Numbers only, with names from lists of
//! ours: nothing here says who did what, and no id stands in a label.

mod collected;
mod families;
mod handles;
mod listening;
mod looking;
mod position;
pub(crate) mod process;
mod text;

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::join_all;
use helmstream_projections::Database;
use helmstream_stream::Connection;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use self::{collected::Collected, families::Families, looking::Watched};
pub use self::{
    handles::{
        Became, Commands, Deadlines, DoorBatches, HttpMetrics, Publishes, ServiceMetrics,
        SpanMetrics, ViewMetrics, Work,
    },
    listening::listen,
    looking::{Duties, Looked},
    position::Position,
    text::Form,
};
use crate::http::limits::HEALTH_TOLD_FOR;

/// The numbers of one process.
pub struct Metrics {
    /// The services that this process is to run.
    chosen: Vec<&'static str>,
    /// Those that run, each with what it is looked at by.
    running: Mutex<Vec<Arc<Watched>>>,
    families: Arc<Families>,
    registry: Registry,
    /// What was found last, and when. Whoever looks waits for whoever looks already.
    found: tokio::sync::Mutex<Option<(Instant, Arc<Vec<Looked>>)>>,
    /// Whose disk is looked at.
    directory: PathBuf,
}

impl Metrics {
    /// Of a process that is to run these services on the plane in this directory.
    pub fn new(chosen: Vec<&'static str>, directory: PathBuf) -> Self {
        let mut registry = Registry::default();
        let families = Arc::new(Families::registered(&mut registry));
        let (running, found) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { chosen, running, families, registry, found, directory }
    }

    /// A service runs from now on; the numbers that are its own.
    pub fn begin(
        &self,
        duties: Duties,
        connection: &Connection,
        database: &Database,
    ) -> ServiceMetrics {
        let metrics = ServiceMetrics::new(self.families.clone(), duties.service);
        let watched = Watched::new(duties, connection, database, metrics.positions());
        self.running.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::new(watched));
        metrics
    }

    /// How every service of this process stands. Who asks too often is told what was found last.
    pub async fn look(&self) -> Arc<Vec<Looked>> {
        let mut found = self.found.lock().await;
        if let Some((at, looked)) = &*found
            && at.elapsed() < HEALTH_TOLD_FOR
        {
            return looked.clone();
        }
        // What was found last keeps editions alive that were dropped since.
        *found = None;
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut looked = join_all(running.iter().map(|watched| watched.look())).await;
        let absent = self.chosen.iter().filter(|name| looked.iter().all(|at| at.service != **name));
        let absent: Vec<Looked> = absent.map(|name| Looked::not_running(name)).collect();
        looked.extend(absent);
        let looked = Arc::new(looked);
        *found = Some((Instant::now(), looked.clone()));
        looked
    }

    /// Why this process cannot do its work: the first reason of the first service that cannot.
    pub async fn not_ready(&self) -> Option<String> {
        let looked = self.look().await;
        looked.iter().find_map(|at| Some(format!("{}: {}", at.service, at.not_ready()?)))
    }

    /// Everything there is to tell, in the form that is asked for.
    pub async fn told(&self, form: Form) -> String {
        let collected = Collected { looked: self.look().await, directory: self.directory.clone() };
        let mut now = Registry::default();
        now.register_collector(Box::new(collected));
        text::written(&[&self.registry, &now], form)
    }

    /// The numbers of the spans that this process tells.
    pub fn spans(&self) -> SpanMetrics {
        SpanMetrics::of(&self.families)
    }

    /// The numbers of the sign of life that this process gives.
    pub fn heartbeats(&self) -> handles::Heartbeats {
        handles::Heartbeats::of(&self.families)
    }
}
