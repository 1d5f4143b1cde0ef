//! Where each edition of a view stands, for whoever looks: the projector moves it, and it is gone with
//! the projector.

use std::sync::{
    Arc, Mutex, PoisonError, Weak,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

/// Where one edition of a view stands on one stream.
#[derive(Debug)]
pub struct Position {
    pub(super) view: &'static str,
    pub(super) stream: &'static str,
    pub(super) edition: String,
    read_to: AtomicU64,
    is_halted: AtomicBool,
}

/// All positions of a service.
#[derive(Debug, Clone, Default)]
pub(super) struct Positions(Arc<Mutex<Vec<Weak<Position>>>>);

impl Position {
    /// Everything up to here was read.
    pub fn read_to(&self, sequence: u64) {
        self.read_to.store(sequence, Ordering::Relaxed);
    }

    /// It is folded no more.
    pub fn halt(&self) {
        self.is_halted.store(true, Ordering::Relaxed);
    }

    pub(super) fn at(&self) -> u64 {
        self.read_to.load(Ordering::Relaxed)
    }

    pub(super) fn is_halted(&self) -> bool {
        self.is_halted.load(Ordering::Relaxed)
    }
}

impl Positions {
    pub(super) fn begin(
        &self,
        view: &'static str,
        stream: &'static str,
        edition: &str,
    ) -> Arc<Position> {
        let (read_to, is_halted) = (AtomicU64::new(0), AtomicBool::new(false));
        let edition = edition.to_owned();
        let position = Arc::new(Position { view, stream, edition, read_to, is_halted });
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|position| position.strong_count() > 0);
        held.push(Arc::downgrade(&position));
        position
    }

    pub(super) fn all(&self) -> Vec<Arc<Position>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().filter_map(Weak::upgrade).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edition_that_nobody_folds_any_more_is_not_looked_at() {
        let positions = Positions::default();
        let first = positions.begin("run", "EVENTS", "run_v1");
        let second = positions.begin("run", "EVENTS", "run_v1_2");
        second.read_to(7);
        let seen = || {
            let all = positions.all();
            all.iter().map(|held| (held.edition.clone(), held.at())).collect::<Vec<_>>()
        };
        assert_eq!(seen(), [("run_v1".to_owned(), 0), ("run_v1_2".to_owned(), 7)]);
        drop(first);
        assert_eq!(seen(), [("run_v1_2".to_owned(), 7)]);
    }
}
