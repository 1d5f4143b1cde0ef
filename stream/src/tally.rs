//! What a connection has been through, counted: numbers that only the log's own room sees. They cost
//! an addition each. Who reads them, and in which form they are told, is not decided here.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::limits;

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
    refusals: Mutex<Refusals>,
}

/// By the first token of a subject: when the server last would not store anything there, and why.
type Refusals = BTreeMap<String, (Instant, String)>;

impl Tally {
    /// What the server would not store when it was last tried, with its reason; nothing once it has, or
    /// when nobody tries any more.
    pub fn refusal(&self) -> Option<String> {
        let recent = Duration::from_secs(limits::REFUSAL_TOLD_SECONDS);
        let refusals = self.refusals();
        let found = refusals.iter().find(|(_, (at, _))| at.elapsed() < recent);
        found.map(|(root, (_, why))| format!("{root}.… is not stored: {why}"))
    }

    /// The server would not store something, for a reason of its own that may pass.
    pub(crate) fn not_stored(&self, subject: &str, why: String) {
        self.refusals().insert(root(subject).to_owned(), (Instant::now(), why));
    }

    pub(crate) fn stored(&self, subject: &str) {
        let mut refusals = self.refusals();
        if !refusals.is_empty() {
            refusals.remove(root(subject));
        }
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn root(subject: &str) -> &str {
    subject.split('.').next().unwrap_or(subject)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_stored_is_told_until_something_is_stored_there() {
        let tally = Tally::default();
        tally.not_stored("jrn.faber", "maximum bytes exceeded".into());
        tally.stored("cmd.run.report.a");
        let told = tally.refusal();
        assert_eq!(told.as_deref(), Some("jrn.… is not stored: maximum bytes exceeded"));
        tally.stored("jrn.operator");
        assert_eq!(tally.refusal(), None);
    }
}
