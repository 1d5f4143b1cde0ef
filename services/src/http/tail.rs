//! The end of the log, once for everybody who watches it: one reader of EVENTS, and the latest
//! events as they are sent, in a ring of bounded size. Who watches keeps a position and nothing
//! else; who falls out of the ring reads on from the log itself.

use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::Result;
use bytes::Bytes;
use helmstream_schemas::Record;
use helmstream_stream::{
    Connection, StreamError,
    append::EVENTS,
    limits::reconnect_delay,
    read::{self, Reader},
};
use tokio::sync::watch;
use tracing::warn;

use crate::{
    client::event::{Told, place_of},
    http::limits::{RING_BYTES_MAX, RING_EVENTS_MAX, STREAM_CHUNK_EVENTS},
    patience::{Passing, patiently, pause},
    surroundings::Surroundings,
};

/// The latest events.
pub(super) struct Tail {
    ring: RwLock<Ring>,
    head: watch::Sender<u64>,
}

#[derive(Default)]
struct Ring {
    entries: VecDeque<Arc<Entry>>,
    bytes: usize,
    /// Everything after this position, up to the head, is here.
    after: u64,
}

/// One event, ready to be sent.
pub(super) struct Entry {
    pub(super) sequence: u64,
    pub(super) context: String,
    pub(super) aggregate: String,
    /// As `ce-type` says it.
    pub(super) kind: String,
    pub(super) frame: Bytes,
}

impl Default for Tail {
    fn default() -> Self {
        Self { ring: RwLock::default(), head: watch::Sender::new(0) }
    }
}

impl Tail {
    /// Tells whenever there is more.
    pub(super) fn head(&self) -> watch::Receiver<u64> {
        self.head.subscribe()
    }

    /// The next events after a position, if the ring goes back that far.
    pub(super) fn after(&self, position: u64) -> Option<Vec<Arc<Entry>>> {
        let ring = self.ring.read().unwrap_or_else(PoisonError::into_inner);
        if position < ring.after {
            return None;
        }
        let begin = ring.entries.partition_point(|entry| entry.sequence <= position);
        Some(ring.entries.range(begin..).take(STREAM_CHUNK_EVENTS).cloned().collect())
    }

    /// Keeps up with the log until it is told to stop.
    pub(super) async fn follow(&self, around: &Surroundings) -> Result<()> {
        let doing = "reading the end of the log";
        let mut stop = around.stop();
        loop {
            let begun = patiently(&around.stop, doing, || self.begin(&around.connection));
            let Some(mut reader) = begun.await? else { return Ok(()) };
            let cut = tokio::select! {
                cut = self.read_on(&mut reader) => cut,
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
            };
            if !cut.may_pass() {
                return Err(cut.into());
            }
            warn!(doing, cause = %cut, "beginning again");
            if pause(&around.stop, reconnect_delay(1)).await {
                return Ok(());
            }
        }
    }

    /// Reads on behind what is known; at the end of the log if nothing is.
    async fn begin(&self, connection: &Connection) -> Result<Reader, StreamError> {
        let known = *self.head.borrow();
        let from = match known {
            0 => {
                let last = read::extent(connection, EVENTS).await?.last;
                self.ring.write().unwrap_or_else(PoisonError::into_inner).after = last;
                self.head.send_replace(last);
                last
            }
            known => known,
        };
        read::read(connection, EVENTS, from + 1).await
    }

    /// Until the reader is cut off.
    async fn read_on(&self, reader: &mut Reader) -> StreamError {
        loop {
            let batch = match reader.next().await {
                Ok(batch) => batch,
                Err(cut) => return cut,
            };
            let entries: Vec<Entry> = batch.records.into_iter().map(Entry::of).collect();
            self.ring.write().unwrap_or_else(PoisonError::into_inner).push(entries);
            self.head.send_replace(batch.read_to);
        }
    }
}

impl Ring {
    fn push(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            self.bytes += entry.frame.len();
            self.entries.push_back(Arc::new(entry));
        }
        while self.entries.len() > RING_EVENTS_MAX || self.bytes > RING_BYTES_MAX {
            let Some(oldest) = self.entries.pop_front() else { return };
            self.bytes -= oldest.frame.len();
            self.after = oldest.sequence;
        }
    }
}

impl Entry {
    pub(super) fn of(record: Record) -> Self {
        let sequence = record.sequence;
        let (context, aggregate) = place_of(&record.subject);
        let kind = record.attributes.get("type").unwrap_or_default().to_owned();
        // JSON has no line ends of its own, so one `data` line holds all of it.
        let told = serde_json::to_string(&Told::of(record)).unwrap_or_default();
        let frame = format!("id: {sequence}\nevent: event\ndata: {told}\n\n").into();
        Self { sequence, context, aggregate, kind, frame }
    }
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::{Attributes, Timestamp};

    use super::*;

    fn entry(sequence: u64, bytes: usize) -> Entry {
        let mut attributes = Attributes::default();
        attributes.set("type", "helmstream.run.started.v1");
        attributes.set("note", "x".repeat(bytes));
        Entry::of(Record {
            stream: EVENTS.into(),
            subject: "evt.run.a/b".into(),
            sequence,
            recorded_at: Timestamp::from_nanos(1),
            attributes,
            payload: b"{\"text\":\"two\\nlines\"}".to_vec(),
        })
    }

    #[test]
    fn the_ring_forgets_the_oldest_and_says_how_far_it_goes_back() {
        let tail = Tail::default();
        let push = |entries| tail.ring.write().unwrap().push(entries);
        push((1..=10).map(|sequence| entry(sequence, 10)).collect());
        let sequences = |position| {
            let found = tail.after(position)?;
            Some(found.iter().map(|entry| entry.sequence).collect::<Vec<_>>())
        };
        assert_eq!(sequences(7), Some(vec![8, 9, 10]));
        assert_eq!(sequences(10), Some(vec![]));
        push(vec![entry(11, RING_BYTES_MAX - 1_000)]);
        assert_eq!(sequences(3), None, "what was forgotten is not passed over in silence");
        assert_eq!(sequences(10), Some(vec![11]));
        push((12..12 + RING_EVENTS_MAX as u64).map(|sequence| entry(sequence, 1)).collect());
        assert_eq!(sequences(10), None);
        let ring = tail.ring.read().unwrap();
        assert!(ring.bytes <= RING_BYTES_MAX && ring.entries.len() <= RING_EVENTS_MAX);
    }

    #[test]
    fn an_event_is_one_frame_whatever_it_holds() {
        let entry = entry(7, 1);
        let text = std::str::from_utf8(&entry.frame).unwrap();
        assert!(text.starts_with("id: 7\nevent: event\ndata: {"), "{text}");
        assert!(text.ends_with("}\n\n"));
        assert_eq!(text.matches('\n').count(), 4);
        assert_eq!((entry.context.as_str(), entry.aggregate.as_str()), ("run", "a/b"));
    }
}
