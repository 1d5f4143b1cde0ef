//! What a connection has been through, counted: numbers that only the log's own room sees. They cost
//! an addition each. Who reads them, and in which form they are told, is not decided here.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::watch;

/// The counts of one connection; its clones share them.
#[derive(Debug, Default)]
pub struct Tally {
    /// Appends that found that somebody else was first.
    pub conflicts: Count,
    /// Appends that got no answer, so that the log had to be read.
    pub unanswered: Count,
    /// Deadlines handed to the server as schedules.
    pub armed: Count,
    /// Messages that came again, because it was not known what had become of them.
    pub redelivered: Count,
    /// Times the connection was cut, for whoever counts them and for whoever waits for the next.
    pub cuts: watch::Sender<u64>,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more. Nothing is ordered by it, so it costs no more than the addition.
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
