//! Whether a plane has anything left to do.

use std::time::Duration;

use helmstream_projections::{Database, questions::projection::projection_list};
use helmstream_stream::{Connection, health, read::extent};
use tokio::time::Instant;

/// How long a plane that was under load may take to work off what waits. Far above what a busy
/// machine needs.
const WORKED_OFF_WITHIN: Duration = Duration::from_secs(600);

/// How often it is looked.
const EVERY: Duration = Duration::from_millis(100);

/// What was seen of a plane at the last look.
#[derive(Default)]
struct Rest {
    /// Where every stream ended, if no durable had anything to do.
    ends: Option<Vec<(String, u64)>>,
}

impl Rest {
    /// Looks again. Of two durables that are done, one may have given the other something between
    /// the two looks: only what is the same twice is at rest.
    async fn has_come(&mut self, operator: &Connection) -> bool {
        let ends = ends(operator).await;
        let is_same = ends.is_some() && ends == self.ends;
        self.ends = ends;
        is_same
    }
}

/// Waits until `is_done` too, which is looked at after everything that waited is worked off. Panics
/// with what is missing if that takes too long.
pub async fn worked_off(operator: &Connection, mut is_done: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + WORKED_OFF_WITHIN;
    let mut rest = Rest::default();
    loop {
        let (is_at_rest, is_done) = (rest.has_come(operator).await, is_done().await);
        if is_at_rest && is_done {
            return;
        }
        assert!(
            Instant::now() < deadline,
            "not worked off within {WORKED_OFF_WITHIN:?}: at rest: {is_at_rest}, done: {is_done}"
        );
        tokio::time::sleep(EVERY).await;
    }
}

/// Whether every view has read everything, and parked nothing of it.
pub async fn are_level(operator: &Connection, database: &Database) -> bool {
    let Ok(lines) = projection_list(database).await else { return false };
    for line in &lines {
        assert_eq!(line.parked, 0, "{line:?}");
        match extent(operator, &line.stream).await {
            Ok(head) if line.read_to_seq >= head.last => {}
            _ => return false,
        }
    }
    !lines.is_empty()
}

/// Messages that are not brought to their end yet; nothing while the log does not answer.
pub async fn waiting(operator: &Connection) -> Option<u64> {
    let durables = health::durables(operator).await.ok()?;
    let left = durables.iter().map(|one| one.pending + one.unacknowledged).sum::<u64>();
    Some(left + extent(operator, "INBOX").await.ok()?.messages)
}

async fn ends(operator: &Connection) -> Option<Vec<(String, u64)>> {
    let durables = health::durables(operator).await.ok()?;
    let streams = health::streams(operator).await.ok()?;
    let is_idle = durables.iter().all(|one| one.pending + one.unacknowledged == 0);
    is_idle.then(|| streams.into_iter().map(|stream| (stream.name, stream.last)).collect())
}
