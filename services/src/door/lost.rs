//! Looks for messages that vanished from INBOX without an outcome (purged or deleted by hand, or
//! lost with a disk), and says so in the journal. Nothing is dropped in silence.

use std::sync::Arc;

use helmstream_projections::{limits::UNACCOUNTED_MAX, questions::door};
use helmstream_schemas::{
    Attributes,
    journal::{JournalEntry, Lost},
};
use helmstream_stream::{StreamError, decide::journal, read::extent};
use tracing::{error, warn};

use super::seen::Positions;
use crate::{
    limits::{LEDGER_POLL, LOST_EVERY, LOST_LOOK_BACK_MAX},
    patience::{OfWork, pause},
    surroundings::Surroundings,
};

/// Searches at the start and now and then, for as long as the door runs.
pub(super) async fn search(around: Arc<Surroundings>) {
    let mut from = None;
    loop {
        match search_once(&around, &mut from).await {
            Ok(()) => {}
            Err(cause) => warn!(%cause, "cannot look for lost messages, trying again later"),
        }
        if pause(&around.stop, LOST_EVERY).await {
            return;
        }
    }
}

async fn search_once(around: &Surroundings, from: &mut Option<u64>) -> Result<(), StreamError> {
    // Everything before the first message that is still there is gone for good; what is stored
    // about it was stored before it went.
    let inbox = extent(&around.connection, "INBOX").await?;
    let stored = Positions::stored(around).await?;
    let last = inbox.first.saturating_sub(1);
    let first = from.unwrap_or_else(|| inbox.first.saturating_sub(LOST_LOOK_BACK_MAX).max(1));
    // Under load the ledger never stands at the heads; it has to pass where they were just now.
    while !Positions::held(around).await.map_err(OfWork::of_work)?.cover(&stored) {
        if pause(&around.stop, LEDGER_POLL).await {
            return Ok(());
        }
    }
    let mut next = first;
    while next <= last {
        let missing =
            door::unaccounted(&around.database, next..=last).await.map_err(OfWork::of_work)?;
        for run in runs(&missing) {
            error!(
                first = run.first_inbox_sequence,
                last = run.last_inbox_sequence,
                "messages were lost from INBOX"
            );
            journal(&around.connection, "door", &JournalEntry::Lost(run), &Attributes::default())
                .await?;
        }
        // One answer names only so many: what comes after the last of them is another question.
        let is_full = missing.len() as i64 >= UNACCOUNTED_MAX;
        next = missing.last().filter(|_| is_full).map_or(last, |end| *end) + 1;
        *from = Some(next);
    }
    Ok(())
}

/// Consecutive positions as one entry each.
fn runs(missing: &[u64]) -> Vec<Lost> {
    let mut runs: Vec<Lost> = Vec::new();
    for position in missing {
        match runs.last_mut() {
            Some(run) if run.last_inbox_sequence + 1 == *position => {
                run.last_inbox_sequence = *position
            }
            _ => {
                runs.push(Lost { first_inbox_sequence: *position, last_inbox_sequence: *position })
            }
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_one_gap() {
        let gaps: Vec<(u64, u64)> = runs(&[3, 4, 5, 9, 11, 12])
            .iter()
            .map(|run| (run.first_inbox_sequence, run.last_inbox_sequence))
            .collect();
        assert_eq!(gaps, [(3, 5), (9, 9), (11, 12)]);
        assert_eq!(runs(&[]), []);
    }
}
