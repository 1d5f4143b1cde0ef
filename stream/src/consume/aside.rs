//! When an instance leaves a pinned partition to others: it met what only a newer version can handle, and
//! the server hands everything of the partition to the one that it has pinned. So it stops asking for a
//! while, and the server pins another one, if one waits.

use std::time::Instant;

use tokio::sync::watch;
use tracing::info;

use super::{Durable, found};
use crate::{
    Connection, StreamError,
    limits::{ASIDE_EVERY, ASIDE_FOR},
};

/// When this instance last left a durable to others.
#[derive(Default)]
pub(super) struct Aside(Option<Instant>);

impl Aside {
    /// Whether it may again. Of a durable that is not pinned anybody is handed everything anyway.
    pub(super) fn is_due(&self, durable: &Durable) -> bool {
        durable.group.is_some() && self.0.is_none_or(|last| last.elapsed() >= ASIDE_EVERY)
    }

    /// Stands aside if others wait, and goes on at once if nobody does. Called with no pull open. Says
    /// whether to go on.
    pub(super) async fn stand(
        &mut self,
        connection: &Connection,
        durable: &Durable,
        stop: &mut watch::Receiver<bool>,
    ) -> bool {
        self.0 = Some(Instant::now());
        // If the server does not say, its answer comes with the next pull.
        if !somebody_waits(connection, durable).await.unwrap_or(false) {
            return true;
        }
        info!(durable = durable.name, "what a newer version wrote is left to another instance");
        tokio::select! {
            _ = tokio::time::sleep(ASIDE_FOR) => true,
            _ = stop.wait_for(|stop| *stop) => false,
        }
    }
}

/// Whether others have a pull open.
async fn somebody_waits(connection: &Connection, durable: &Durable) -> Result<bool, StreamError> {
    Ok(found(connection, durable).await?.cached_info().num_waiting > 0)
}
