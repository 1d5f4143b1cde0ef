//! A service is a value: a name and the parts it is made of. This file says what parts there are
//! and runs them side by side; the parts themselves are in files of their own.

use std::{future::Future, pin::Pin, sync::Arc};

use anyhow::{Context, Result};
use helmstream_core::{Decider, door::Cleaner};
use helmstream_projections::{Database, Projection};
use helmstream_stream::Connection;
use tokio::{sync::watch, task::JoinSet};
use tracing::info;
use uuid::Uuid;

use crate::{deadlines, decides, door, projects};

/// What a service is made of.
pub struct Service {
    /// Also its NATS user and its Postgres role.
    pub name: &'static str,
    parts: Vec<Part>,
}

struct Part {
    doing: String,
    run: fn(Arc<Surroundings>, &'static str) -> Running,
    about: &'static str,
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
    /// Takes out secrets and personal values; only the door has it.
    pub cleaner: Option<Cleaner>,
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
        self.part("admitting", "INBOX", |around, _| Box::pin(door::admit(around)))
    }

    /// Decides the commands of a context.
    pub fn decides<D: Decider>(self) -> Self {
        self.part("deciding", D::CONTEXT.name(), |around, _| Box::pin(decides::decide::<D>(around)))
    }

    /// Turns deadlines of a context that have come into commands, and arms what is not armed.
    pub fn keeps_deadlines<D: Decider>(self) -> Self {
        self.part("taking deadlines of", D::CONTEXT.name(), |around, _| {
            Box::pin(deadlines::take::<D>(around))
        })
        .part("sweeping deadlines of", D::CONTEXT.name(), |around, _| {
            Box::pin(deadlines::sweep::<D>(around))
        })
    }

    /// Folds a view out of a stream.
    pub fn projects<P: Projection>(self, stream: &'static str) -> Self {
        self.part("projecting", stream, |around, stream| {
            Box::pin(projects::project::<P>(around, stream))
        })
    }

    /// Runs all parts until they are told to stop, or one of them cannot go on.
    pub async fn run(self, around: Surroundings) -> Result<()> {
        let around = Arc::new(around);
        let mut tasks = JoinSet::new();
        for part in self.parts {
            let running = (part.run)(around.clone(), part.about);
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
        verb: &str,
        about: &'static str,
        run: fn(Arc<Surroundings>, &'static str) -> Running,
    ) -> Self {
        self.parts.push(Part { doing: format!("{verb} {about}"), run, about });
        self
    }
}

impl Surroundings {
    /// A receiver of one's own for the signal to stop.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }
}
