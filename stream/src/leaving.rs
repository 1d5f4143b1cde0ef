//! Aggregates that leave the memory. Those that owe a snapshot get it here while commands of others
//! are decided: who takes the room does not wait for it. It saves time and nothing else, so where too
//! many leave at once some go without.

use futures_util::{StreamExt, stream};
use helmstream_core::{Aggregate, Decider};
use helmstream_schemas::Id;
use tokio::{sync::mpsc, task::JoinSet};
use tracing::{Instrument, debug, warn};

use crate::{Connection, cache::Kept, limits, load};

/// Takes aggregates that leave.
pub(crate) struct Leaving<D: Decider> {
    sender: mpsc::Sender<(Id, Aggregate<D>)>,
    /// Ends with this.
    _saving: JoinSet<()>,
}

impl<D: Decider> Leaving<D> {
    pub(crate) fn new(connection: Connection) -> Self {
        let (sender, mut left) = mpsc::channel(limits::LEAVING_MAX);
        let mut saving = JoinSet::new();
        let seeing_off = async move {
            let left = stream::poll_fn(move |context| left.poll_recv(context));
            let save = |(id, aggregate)| save(&connection, id, aggregate);
            left.for_each_concurrent(limits::LEAVING_AT_ONCE, save).await;
        };
        saving.spawn(seeing_off.in_current_span());
        Self { sender, _saving: saving }
    }

    /// Sees to it that an aggregate gets its snapshot, if it owes one and others do not wait already.
    pub(crate) fn see_off(&self, id: Id, Kept { aggregate, settled_length }: Kept<D>) {
        let due = (settled_length, limits::SNAPSHOT_LEAVING_EVENTS);
        if load::is_due(&aggregate, due) && self.sender.try_send((id, aggregate)).is_err() {
            debug!(context = %D::CONTEXT, "one left without a snapshot, too many leave at once");
        }
    }
}

async fn save<D: Decider>(connection: &Connection, id: Id, aggregate: Aggregate<D>) {
    if let Err(error) = load::save(connection, &id, &aggregate).await {
        warn!(%id, %error, "a snapshot was not written");
    }
}
