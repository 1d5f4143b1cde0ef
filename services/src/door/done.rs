//! What the door makes of a message and has made of it, and the count of it.

use std::time::Duration;

use helmstream_core::door::{Admitted, Dead};
use helmstream_schemas::{Attributes, Hash, attributes as ce};
use helmstream_stream::{StreamError, consume::Durable};
use uuid::Uuid;

use crate::{
    local::credentials::NatsUser,
    metrics::{Became, DoorBatches, Publishes, ServiceMetrics},
};

/// What is to be stored for a message.
pub(super) enum Plan {
    /// It is stored already: this is the same message again.
    Nothing,
    Command(Box<Admitted>),
    Duplicate(u64),
    /// With the key that it is known by, and with the digest of its content if the same again is
    /// a repeat.
    Dead(Dead, Option<Hash>, Option<Hash>),
}

/// What an outcome that leaves no event is of.
pub(super) fn of(inbox_sequence: u64, key: Option<Hash>, cause: Option<Uuid>) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set(ce::INBOXSEQUENCE, inbox_sequence.to_string());
    if let Some(key) = key {
        attributes.set(ce::DOORKEY, key.to_string());
    }
    if let Some(cause) = cause {
        attributes.set(ce::CAUSATIONID, cause.to_string());
    }
    attributes
}

/// Where what a message became is stored.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Done {
    pub(super) command_sequence: u64,
    pub(super) journal_sequence: u64,
    pub(super) became: Became,
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
