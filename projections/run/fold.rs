//! Events of a run into its row, which holds what a list shows. What else a run is, `view` derives
//! from all of its entries when it is asked.

use helmstream_schemas::Record;

use super::{entry::Entry, state::RunState};

/// Adds an entry to its run's state; whether that changed anything. A refusal has no entry.
pub fn fold(state: &mut RunState, record: &Record, entry: Option<Entry>) -> bool {
    let Some(entry) = entry else { return false };
    if record.sequence <= state.last_seq {
        return false;
    }
    state.add(&entry);
    true
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
