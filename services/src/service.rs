//! A service is a value: a name and the parts it is made of. This file says what parts there are
//! and runs them side by side; the parts themselves are in files of their own.

use std::{future::Future, pin::Pin, sync::Arc};

use anyhow::{Context as _, Result};
use helmstream_core::{Decider, door::Cleaner, react::React};
use helmstream_projections::{Database, Projection};
use helmstream_schemas::Context;
use helmstream_stream::Connection;
use tokio::{sync::watch, task::JoinSet};
use tracing::info;
use uuid::Uuid;

use crate::{deadlines, decides, door, http, projects, reacts, retries, tells};

/// What a service is made of.
pub struct Service {
    /// Also its NATS user and its Postgres role.
    pub name: &'static str,
    parts: Vec<Part>,
}

struct Part {
    doing: String,
    run: Box<dyn FnOnce(Arc<Surroundings>) -> Running + Send>,
}

type Running = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// What a running service has around it.
pub struct Surroundings {
    pub connection: Connection,
    pub database: Database,
    /// Which log this is.
    pub epoch: Uuid,
    /// Tells this process from any other that runs the same service.
    pub instance: Uuid,
    /// Takes out secrets and personal values; only the doors have it.
    pub cleaner: Option<Cleaner>,
    /// Where to listen for HTTP; only that door has it.
    pub http: Option<http::Settings>,
    /// Turns true when the service is to end.
    pub stop: watch::Receiver<bool>,
}

impl Service {
    /// A service without parts.
    pub fn new(name: &'static str) -> Self {
        Self { name, parts: Vec::new() }
    }

    /// Reads INBOX and makes commands of what it finds.
    pub fn admits(self) -> Self {
        self.part("admitting INBOX", |around| Box::pin(door::admit(around)))
    }

    /// Decides the commands of a context.
    pub fn decides<D: Decider>(self) -> Self {
        let doing = format!("deciding {}", D::CONTEXT);
        self.part(doing, |around| Box::pin(decides::decide::<D>(around)))
    }

    /// Turns deadlines of a context that have come into commands, and arms what is not armed.
    pub fn keeps_deadlines<D: Decider>(self) -> Self {
        let [taking, sweeping] =
            ["taking", "sweeping"].map(|verb| format!("{verb} deadlines of {}", D::CONTEXT));
        self.part(taking, |around| Box::pin(deadlines::take::<D>(around)))
            .part(sweeping, |around| Box::pin(deadlines::sweep::<D>(around)))
    }

    /// Folds a view out of a stream.
    pub fn projects<P: Projection>(self, stream: &'static str) -> Self {
        let doing = format!("projecting {} from {stream}", P::NAME);
        self.part(doing, move |around| Box::pin(projects::project::<P>(around, stream)))
    }

    /// Asks for what the events of another context call for.
    pub fn reacts(self, from: Context, react: React) -> Self {
        let durable = format!("{}-{from}", self.name);
        self.part(format!("reacting to {from}"), move |around| {
            Box::pin(reacts::react(around, durable, react))
        })
    }

    /// Publishes dead letters again.
    pub fn retries(self) -> Self {
        self.part("publishing dead letters again", |around| Box::pin(retries::retry(around)))
    }

    /// Tells others as CDEvents what the plane decides.
    pub fn tells(self) -> Self {
        self.part("telling as CDEvents", |around| Box::pin(tells::tell(around)))
    }

    /// Answers over HTTP.
    pub fn serves(self) -> Self {
        self.part("answering over HTTP", |around| Box::pin(http::serve(around)))
    }

    /// Runs all parts until they are told to stop, or one of them cannot go on.
    pub async fn run(self, around: Surroundings) -> Result<()> {
        let around = Arc::new(around);
        let mut tasks = JoinSet::new();
        for part in self.parts {
            let running = (part.run)(around.clone());
            tasks.spawn(async move {
                running.await.with_context(|| format!("cannot go on {}", part.doing))
            });
        }
        info!(service = self.name, "running");
        while let Some(ended) = tasks.join_next().await {
            ended.context("a part panicked")??;
        }
        Ok(())
    }

    fn part(
        mut self,
        doing: impl Into<String>,
        run: impl FnOnce(Arc<Surroundings>) -> Running + Send + 'static,
    ) -> Self {
        self.parts.push(Part { doing: doing.into(), run: Box::new(run) });
        self
    }
}

impl Surroundings {
    /// A receiver of one's own for the signal to stop.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }
}
