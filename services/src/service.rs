//! A service is a value: a name and the parts it is made of. This file says what parts there are
//! and runs them side by side; the parts themselves are in files of their own, and what each does is
//! told by the same value that runs it.

use std::{future::Future, pin::Pin, sync::Arc};

use anyhow::{Context as _, Result};
use helmstream_core::{Decider, react::React};
use helmstream_projections::Projection;
use helmstream_schemas::Context;
use helmstream_stream::consume::Durable;
use tokio::task::JoinSet;
use tracing::{Instrument, info};

use crate::{
    deadlines, decides, door, http, metrics::Duties, projects, reacts, retries,
    surroundings::Surroundings, tells,
};

/// What a service is made of.
pub struct Service {
    /// Also its NATS user and its Postgres role.
    pub name: &'static str,
    parts: Vec<Part>,
}

struct Part {
    does: Does,
    run: Box<dyn FnOnce(Arc<Surroundings>) -> Running + Send>,
}

/// What a part does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// Reads INBOX and makes commands of what it finds.
    Admits,
    Decides(Context),
    /// Turns deadlines that have come into commands.
    TakesDeadlines(Context),
    /// Arms deadlines that are not armed.
    SweepsDeadlines(Context),
    Projects {
        view: &'static str,
        stream: &'static str,
    },
    /// Asks for what the events of another context call for.
    Reacts(Context),
    /// Publishes dead letters again.
    Retries,
    /// Tells others as CDEvents what the plane decides.
    Tells,
    /// Answers over HTTP.
    Serves,
}

type Running = Pin<Box<dyn Future<Output = Result<()>> + Send>>;

impl Service {
    /// A service without parts.
    pub fn new(name: &'static str) -> Self {
        Self { name, parts: Vec::new() }
    }

    /// Reads INBOX and makes commands of what it finds.
    pub fn admits(self) -> Self {
        self.part(Does::Admits, |around| Box::pin(door::admit(around)))
    }

    /// Decides the commands of a context.
    pub fn decides<D: Decider>(self) -> Self {
        self.part(Does::Decides(D::CONTEXT), |around| Box::pin(decides::decide::<D>(around)))
    }

    /// Turns deadlines of a context that have come into commands, and arms what is not armed.
    pub fn keeps_deadlines<D: Decider>(self) -> Self {
        self.part(Does::TakesDeadlines(D::CONTEXT), |around| Box::pin(deadlines::take::<D>(around)))
            .part(Does::SweepsDeadlines(D::CONTEXT), |around| {
                Box::pin(deadlines::sweep::<D>(around))
            })
    }

    /// Folds a view out of a stream.
    pub fn projects<P: Projection>(self, stream: &'static str) -> Self {
        self.part(Does::Projects { view: P::NAME, stream }, move |around| {
            Box::pin(projects::project::<P>(around, stream))
        })
    }

    /// Asks for what the events of another context call for.
    pub fn reacts(self, from: Context, react: React) -> Self {
        let durable = reacts::durable(self.name, from);
        self.part(Does::Reacts(from), move |around| Box::pin(reacts::react(around, durable, react)))
    }

    /// Publishes dead letters again.
    pub fn retries(self) -> Self {
        self.part(Does::Retries, |around| Box::pin(retries::retry(around)))
    }

    /// Tells others as CDEvents what the plane decides.
    pub fn tells(self) -> Self {
        self.part(Does::Tells, |around| Box::pin(tells::tell(around)))
    }

    /// Answers over HTTP.
    pub fn serves(self) -> Self {
        self.part(Does::Serves, |around| Box::pin(http::serve(around)))
    }

    /// What its parts do, in order.
    pub fn does(&self) -> impl Iterator<Item = Does> {
        self.parts.iter().map(|part| part.does)
    }

    /// What one can see of it from outside.
    pub fn duties(&self) -> Duties {
        let mut streams: Vec<&'static str> = self.does().filter_map(Does::reads).collect();
        streams.sort_unstable();
        streams.dedup();
        Duties {
            service: self.name,
            durables: self.does().flat_map(|does| does.durables(self.name)).collect(),
            streams,
            asks_views: self.does().any(Does::asks_views),
        }
    }

    /// Runs all parts until they are told to stop, or one of them cannot go on.
    pub async fn run(self, around: Surroundings) -> Result<()> {
        let around = Arc::new(around);
        let mut tasks = JoinSet::new();
        for part in self.parts {
            let running = (part.run)(around.clone());
            let done = async move {
                running.await.with_context(|| format!("cannot go on {}", part.does.doing()))
            };
            tasks.spawn(done.in_current_span());
        }
        info!(service = self.name, "running");
        while let Some(ended) = tasks.join_next().await {
            ended.context("a part panicked")??;
        }
        Ok(())
    }

    fn part(
        mut self,
        does: Does,
        run: impl FnOnce(Arc<Surroundings>) -> Running + Send + 'static,
    ) -> Self {
        self.parts.push(Part { does, run: Box::new(run) });
        self
    }
}

impl Does {
    /// What it is doing, after "cannot go on".
    fn doing(self) -> String {
        match self {
            Self::Admits => "admitting INBOX".to_owned(),
            Self::Decides(context) => format!("deciding {context}"),
            Self::TakesDeadlines(context) => format!("taking deadlines of {context}"),
            Self::SweepsDeadlines(context) => format!("sweeping deadlines of {context}"),
            Self::Projects { view, stream } => format!("projecting {view} from {stream}"),
            Self::Reacts(from) => format!("reacting to {from}"),
            Self::Retries => "publishing dead letters again".to_owned(),
            Self::Tells => "telling as CDEvents".to_owned(),
            Self::Serves => "answering over HTTP".to_owned(),
        }
    }

    /// The durables that it works off for a service of this name.
    pub fn durables(self, service: &str) -> Vec<Durable> {
        match self {
            Self::Admits => vec![door::durable()],
            Self::Decides(context) => decides::durables(context),
            Self::TakesDeadlines(context) => vec![deadlines::durable(context)],
            Self::Reacts(from) => vec![reacts::durable(service, from)],
            Self::Retries => vec![retries::durable()],
            Self::Tells => vec![tells::durable()],
            Self::SweepsDeadlines(_) | Self::Projects { .. } | Self::Serves => Vec::new(),
        }
    }

    /// The stream whose end says how it stands.
    fn reads(self) -> Option<&'static str> {
        match self {
            Self::Projects { stream, .. } => Some(stream),
            Self::Admits => Some("INBOX"),
            // It has no stream of its own; any one that it may look at says whether NATS answers.
            Self::Serves => Some("EVENTS"),
            _ => None,
        }
    }

    /// Whether it asks Postgres.
    const fn asks_views(self) -> bool {
        matches!(
            self,
            Self::Admits | Self::SweepsDeadlines(_) | Self::Projects { .. } | Self::Serves
        )
    }
}
