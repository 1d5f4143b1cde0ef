//! What the door has made of a message, and the count of it.

use std::time::Duration;

use helmstream_stream::{StreamError, consume::Durable};

use crate::{
    local::credentials::NatsUser,
    metrics::{Became, DoorBatches, Publishes, ServiceMetrics},
};

/// Where what a message became is stored.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Done {
    pub(super) command_sequence: u64,
    pub(super) journal_sequence: u64,
    became: Became,
}

impl Done {
    pub(super) fn command(command_sequence: u64) -> Self {
        Self { command_sequence, became: Became::Command, ..Self::default() }
    }

    pub(super) fn journalled(journal_sequence: u64, became: Became) -> Self {
        Self { journal_sequence, became, ..Self::default() }
    }
}

/// Counts messages by what became of them.
pub(super) struct Counted {
    batches: DoorBatches,
    /// By the token under which each publisher may publish; the first is for any other.
    publishes: Vec<(String, Publishes)>,
}

impl Counted {
    pub(super) fn new(metrics: &ServiceMetrics, durable: &Durable, users: &[NatsUser]) -> Self {
        let tokens = users.iter().flat_map(NatsUser::publishes_as);
        let publishes = std::iter::once("other")
            .chain(tokens)
            .map(|token| (token.to_owned(), metrics.publishes(token)));
        Self { batches: metrics.door_batches(&durable.name), publishes: publishes.collect() }
    }

    /// Counts what is stored, each with the token under which it was published. What was not stored
    /// comes again.
    pub(super) fn stored<'a>(
        &self,
        all: impl Iterator<Item = (&'a Result<Done, StreamError>, &'a str)>,
    ) {
        for (done, token) in all {
            let Ok(done) = done else { continue };
            let own = self.publishes.iter().find(|(held, _)| held == token);
            own.unwrap_or(&self.publishes[0]).1.count(done.became);
        }
    }

    /// A whole batch was stored and acknowledged.
    pub(super) fn batch(&self, messages: usize, took: Duration) {
        self.batches.done(messages, took);
    }
}
