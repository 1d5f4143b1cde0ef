//! How the door comes by its messages: on a connection of their own, because one message can end the
//! connection that it is read on. What never came by it is found by its position, and set aside.

use helmstream_stream::{
    StreamError,
    consume::{
        self, Batches, Delivery, Durable,
        unheard::{pending, standing},
    },
};
use tokio::{
    sync::watch,
    time::{MissedTickBehavior, interval},
};
use tracing::{info, warn};

use super::Door;
use crate::limits::{DOOR_AGAIN_AFTER, DOOR_BATCH_MESSAGES_MAX, DOOR_LOOK_EVERY};

impl Door {
    /// Admits what comes, until the connection that it comes on is cut.
    pub(super) async fn read_on(
        &mut self,
        durable: &Durable,
        failed: &mut usize,
    ) -> Result<(), StreamError> {
        if self.is_cut {
            self.bring_back(durable).await?;
        }
        let connection = self.around.connection.clone();
        let reading = connection.another().await?;
        let mut cuts = reading.cuts();
        let most = DOOR_BATCH_MESSAGES_MAX;
        let mut batches = consume::batches(&reading, &connection, durable, most).await?;
        self.is_cut = true;
        let ended = self.admit_all(&mut batches, &mut cuts, durable, failed).await;
        // What lies here already came before the cut, and nobody has to send it again.
        while let Some(Ok(batch)) = batches.ready() {
            self.admit_batch(batch).await?;
        }
        ended
    }

    async fn admit_all(
        &mut self,
        batches: &mut Batches,
        cuts: &mut watch::Receiver<u64>,
        durable: &Durable,
        failed: &mut usize,
    ) -> Result<(), StreamError> {
        let mut looks = interval(DOOR_LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let batch = tokio::select! {
                biased;
                _ = cuts.changed() => return Ok(()),
                _ = looks.tick() => {
                    self.look(durable).await?;
                    continue;
                }
                batch = batches.next() => batch?,
            };
            if std::mem::take(failed) > 0 {
                info!("the door is going on");
            }
            self.admit_batch(batch).await?;
        }
    }

    /// Before it reads on: sets aside what nobody can hand over, and after a cut asks for the rest
    /// once more. Another door that holds some of it meanwhile has time to be done with it; at the
    /// start nothing was on its way to this one, and the server sends it again by itself.
    async fn bring_back(&mut self, durable: &Durable) -> Result<(), StreamError> {
        let connection = self.around.connection.clone();
        let stands = standing(&connection, durable).await?;
        if stands.pending > 0 {
            let all = pending(&connection, durable, &stands, stands.delivered_to).await?;
            let others = self.set_aside(all).await?;
            for delivery in others.into_iter().filter(|_| self.stood.is_some()) {
                delivery.later(DOOR_AGAIN_AFTER).acknowledge().await?;
            }
        }
        self.is_cut = false;
        Ok(())
    }

    /// Looks whether something was delivered when it was last looked and still is not done. Mostly
    /// nothing is, and then it costs one question.
    async fn look(&mut self, durable: &Durable) -> Result<(), StreamError> {
        let connection = self.around.connection.clone();
        let stands = standing(&connection, durable).await?;
        let before = self.stood.replace(stands).map_or(0, |before| before.delivered_to);
        if stands.pending > 0 && stands.acknowledged_to < before {
            let old = pending(&connection, durable, &stands, before).await?;
            self.set_aside(old).await?;
        }
        Ok(())
    }

    /// Buries what cannot be handed over; the others.
    async fn set_aside(&mut self, all: Vec<Delivery>) -> Result<Vec<Delivery>, StreamError> {
        let (unheard, others): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|delivery| delivery.unheard.is_some());
        if !unheard.is_empty() {
            warn!(messages = unheard.len(), "headers could not be read; their messages are kept");
            self.admit_batch(unheard).await?;
        }
        Ok(others)
    }
}
