//! Whether a plane has anything left to do.

use helmstream_stream::{Connection, health};

/// What was seen of a plane at the last look.
#[derive(Debug, Default)]
pub struct Rest {
    /// Where every stream ended, if no durable had anything to do.
    ends: Option<Vec<(String, u64)>>,
}

impl Rest {
    /// Looks again. Of two durables that are done, one may have given the other something between
    /// the two looks: only what is the same twice is at rest.
    pub async fn has_come(&mut self, operator: &Connection) -> bool {
        let ends = ends(operator).await;
        let is_same = ends.is_some() && ends == self.ends;
        self.ends = ends;
        is_same
    }
}

async fn ends(operator: &Connection) -> Option<Vec<(String, u64)>> {
    let durables = health::durables(operator).await.ok()?;
    let streams = health::streams(operator).await.ok()?;
    let is_idle = durables.iter().all(|one| one.pending + one.unacknowledged == 0);
    is_idle.then(|| streams.into_iter().map(|stream| (stream.name, stream.last)).collect())
}
