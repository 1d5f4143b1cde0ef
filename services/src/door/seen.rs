//! What was published before: the door's own memory of what it stored lately, and the ledger for
//! all that is older. The memory forgets only what the ledger has, so that between the two nothing
//! is missed.

use std::collections::HashMap;

use anyhow::Result;
use helmstream_core::door::Admitted;
use helmstream_projections::{ProjectionError, questions::door};
use helmstream_schemas::Hash;
use helmstream_stream::{StreamError, read::extent};
use tracing::info;

use super::Done;
use crate::{
    limits::{DOOR_RECENT_MAX, LEDGER_POLL},
    patience::{patiently, pause},
    service::Surroundings,
};

/// The first publish under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct First {
    pub(super) inbox_sequence: u64,
    /// Digest of its content; absent for a message that could not be read.
    pub(super) content: Option<Hash>,
}

/// The door's memory.
pub(super) struct Seen {
    young: HashMap<Hash, First>,
    old: HashMap<Hash, First>,
    /// How far COMMANDS and JOURNAL reach with what was stored under `young` and `old`.
    stored: Positions,
}

/// How far two streams reach, or how far the ledger holds them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Positions {
    pub(super) commands: u64,
    pub(super) journal: u64,
}

impl Positions {
    /// How far they reach.
    pub(super) async fn stored(around: &Surroundings) -> Result<Self, StreamError> {
        let commands = extent(&around.connection, "COMMANDS").await?.last;
        let journal = extent(&around.connection, "JOURNAL").await?.last;
        Ok(Self { commands, journal })
    }

    /// How far the ledger holds them.
    pub(super) async fn held(around: &Surroundings) -> Result<Self, ProjectionError> {
        let rows = door::positions(&around.database).await?;
        let of =
            |stream| rows.iter().find(|row| row.stream == stream).map_or(0, |row| row.applied_seq);
        Ok(Self { commands: of("COMMANDS"), journal: of("JOURNAL") })
    }
}

impl Positions {
    /// Whether these reach at least as far as the others.
    pub(super) fn cover(&self, others: &Self) -> bool {
        self.commands >= others.commands && self.journal >= others.journal
    }
}

impl Seen {
    /// Begins with an empty memory: waits until the ledger has all that is stored by now. `None`
    /// if it is told to stop meanwhile.
    pub(super) async fn begin(around: &Surroundings) -> Result<Option<Self>> {
        let heads = patiently(&around.stop, "looking at the log", || Positions::stored(around));
        let Some(stored) = heads.await? else { return Ok(None) };
        let seen = Self { young: HashMap::new(), old: HashMap::new(), stored };
        seen.wait_for_ledger(around).await?;
        Ok(Some(seen))
    }

    /// For each of (key, position in INBOX, delivered before): the first publish under the key, or
    /// the message itself if it is the one that was stored.
    pub(super) async fn firsts(
        &mut self,
        around: &Surroundings,
        asked: &[(Option<Hash>, u64, bool)],
    ) -> Result<Vec<Option<First>>, StreamError> {
        if self.young.len() >= DOOR_RECENT_MAX {
            self.wait_for_ledger(around).await?;
            self.old = std::mem::take(&mut self.young);
        }
        if asked.iter().any(|(_, _, again)| *again) {
            // It may have been stored by another instance, or by this one before it was cut off.
            self.stored = Positions::stored(around).await?;
            self.wait_for_ledger(around).await?;
        }
        let unknown: Vec<Hash> = asked
            .iter()
            .filter_map(|(key, ..)| *key)
            .filter(|key| !self.young.contains_key(key) && !self.old.contains_key(key))
            .collect();
        let again: Vec<u64> =
            asked.iter().filter(|(_, _, again)| *again).map(|(_, sequence, _)| *sequence).collect();
        let answer = patiently(&around.stop, "asking the ledger", || async {
            let rows = match unknown.is_empty() {
                true => Vec::new(),
                false => door::seen(&around.database, &unknown).await?,
            };
            let mut missing = Vec::new();
            for sequence in &again {
                missing.extend(door::unaccounted(&around.database, *sequence..=*sequence).await?);
            }
            Ok::<_, ProjectionError>((rows, missing))
        });
        let Some((rows, missing)) = answer.await.map_err(unavailable)? else {
            return Err(StreamError::Cut { stream: "INBOX".into(), detail: "told to stop".into() });
        };
        let accounted: Vec<u64> =
            again.into_iter().filter(|sequence| !missing.contains(sequence)).collect();
        for row in rows {
            // Only what became a command was accepted: a conflict does not take the key.
            if let (Some(_), Some(inbox_sequence)) = (row.command_id, row.inbox_sequence) {
                let first = First { inbox_sequence, content: row.content_hash };
                self.young.entry(row.door_key).or_insert(first);
            }
        }
        let first = |(key, sequence, _): &(Option<Hash>, u64, bool)| {
            if accounted.contains(sequence) {
                return Some(First { inbox_sequence: *sequence, content: None });
            }
            self.lately(key.as_ref()?, *sequence)
        };
        Ok(asked.iter().map(first).collect())
    }

    /// The first publish under a key, if the memory holds one that is not the message itself: what
    /// was only expected, by a batch that broke off, is not stored yet.
    pub(super) fn lately(&self, key: &Hash, own: u64) -> Option<First> {
        let first = self.young.get(key).or_else(|| self.old.get(key)).copied();
        first.filter(|first| first.inbox_sequence != own)
    }

    /// Remembers a message that is about to be stored.
    pub(super) fn expect(&mut self, admitted: &Admitted, inbox_sequence: u64) {
        let first = First { inbox_sequence, content: Some(admitted.content) };
        self.young.insert(admitted.key, first);
    }

    /// Notes how far the streams reach with what was stored.
    pub(super) fn note(&mut self, done: &Done) {
        self.stored.commands = self.stored.commands.max(done.command_sequence);
        self.stored.journal = self.stored.journal.max(done.journal_sequence);
    }

    async fn wait_for_ledger(&self, around: &Surroundings) -> Result<(), StreamError> {
        let mut said = false;
        loop {
            let held = patiently(&around.stop, "asking the ledger", || Positions::held(around));
            let Some(held) = held.await.map_err(unavailable)? else { return Ok(()) };
            if held.cover(&self.stored) {
                return Ok(());
            }
            if !std::mem::replace(&mut said, true) {
                info!(?held, wanted = ?self.stored, "the door waits for the ledger");
            }
            if pause(&around.stop, LEDGER_POLL).await {
                return Ok(());
            }
        }
    }
}

/// The ledger's trouble, as trouble of the door's own work.
pub(super) fn unavailable(error: ProjectionError) -> StreamError {
    StreamError::Ledger { detail: error.to_string() }
}
