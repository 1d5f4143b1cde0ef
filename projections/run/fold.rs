//! Events of a run into its row: every event is one more entry, and nothing else is kept. What a
//! run is, `summary` and `view` derive from its entries, so that it cannot depend on the order in
//! which claims arrived.

use helmstream_schemas::{Record, run::RunEvent};
use uuid::Uuid;

use super::entry::Entry;

/// A run's row: its entries in the order of the log. Without entries there is no row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunRow {
    pub entries: Vec<Entry>,
}

/// An event of a run, read.
#[derive(Debug, Clone)]
pub struct Told {
    /// The event's id.
    pub id: Uuid,
    pub event: RunEvent,
}

/// Adds an event to its run; whether that changed anything. A refusal changes nothing.
pub fn fold(row: &mut RunRow, record: &Record, told: Option<Told>) -> bool {
    let Some(Told { id, event }) = told else { return false };
    if row.entries.last().is_some_and(|last| last.sequence >= record.sequence) {
        return false;
    }
    row.entries.push(Entry::of(record, id, event));
    true
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
