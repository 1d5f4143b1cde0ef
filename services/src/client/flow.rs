//! Many events on their way at once: published in order, and what became of each in that order.
//! How many are on their way is bounded; how many there are is not.

use std::sync::Arc;

use futures_util::{Stream, StreamExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    Client, Code, Failure,
    limits::{AWAITED_EVENTS_MAX, IN_FLIGHT_BYTES_MAX, IN_FLIGHT_EVENTS_MAX},
    publish::{Receipt, Request, Settled},
};

/// Something to publish, with whatever its publisher has to know of it afterwards.
pub struct Item<T> {
    pub tag: T,
    pub load: Load,
}

/// What is to be published.
pub enum Load {
    Event(Vec<u8>),
    /// Too large to be, by this many bytes in all.
    TooLarge {
        bytes: u64,
    },
    /// Nothing: it only keeps its place in the order.
    Nothing,
}

/// What became of an item.
pub struct Flowed<T> {
    pub tag: T,
    /// Absent if there was nothing to publish; a failure if it was too large.
    pub what: Option<Result<Settled, Failure>>,
}

/// Publishes everything that comes and tells what became of it, in the same order.
pub fn flow<'a, T: 'a>(
    client: &'a impl Client,
    items: impl Stream<Item = Result<Item<T>, Failure>> + 'a,
) -> impl Stream<Item = Result<Flowed<T>, Failure>> + 'a {
    let room = Arc::new(Semaphore::new(IN_FLIGHT_BYTES_MAX));
    items
        // What has to wait for room holds what is behind it back, and so the input.
        .then(move |item| with_room(item, room.clone()))
        .map(|(item, room)| store(client, item, room))
        .buffered(IN_FLIGHT_EVENTS_MAX)
        .map(|stored| settle(client, stored))
        .buffered(AWAITED_EVENTS_MAX)
}

async fn with_room<T>(
    item: Result<Item<T>, Failure>,
    room: Arc<Semaphore>,
) -> (Result<Item<T>, Failure>, Option<OwnedSemaphorePermit>) {
    let bytes = match &item {
        Ok(Item { load: Load::Event(bytes), .. }) => bytes.len(),
        _ => 0,
    };
    // One event is smaller than all the room there is, and the room is never closed.
    let taken = room.acquire_many_owned(u32::try_from(bytes).unwrap_or(u32::MAX)).await.ok();
    (item, taken)
}

/// An item whose bytes are gone: stored, or too large to be.
struct Stored<T> {
    tag: T,
    receipt: Option<Result<Receipt, Failure>>,
}

async fn store<T>(
    client: &impl Client,
    item: Result<Item<T>, Failure>,
    _room: Option<OwnedSemaphorePermit>,
) -> Result<Stored<T>, Failure> {
    let Item { tag, load } = item?;
    let receipt = match load {
        Load::Nothing => None,
        Load::TooLarge { bytes } => Some(Err(Failure::too_large(bytes))),
        Load::Event(event) => match client.publish(Request::new(event)).await {
            Err(failure) if failure.code != Code::Input => return Err(failure),
            receipt => Some(receipt),
        },
    };
    Ok(Stored { tag, receipt })
}

async fn settle<T>(
    client: &impl Client,
    stored: Result<Stored<T>, Failure>,
) -> Result<Flowed<T>, Failure> {
    let Stored { tag, receipt } = stored?;
    let what = match receipt {
        None => None,
        Some(Ok(receipt)) => Some(Ok(client.settle(receipt).await?)),
        Some(Err(too_large)) => Some(Err(too_large)),
    };
    Ok(Flowed { tag, what })
}
