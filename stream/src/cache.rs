//! Folded aggregates kept in memory, in two generations: when the young one is full it becomes the
//! old one, and what was not used since is gone. A stale entry costs one conflict and nothing else.

use std::{collections::HashMap, sync::Mutex};

use helmstream_core::{Aggregate, Decider};
use helmstream_schemas::Id;

/// Aggregates by identity. An aggregate is taken out while it is worked on.
pub struct Cache<D: Decider> {
    generations: Mutex<Generations<D>>,
    bound: usize,
}

struct Generations<D: Decider> {
    young: HashMap<Id, Aggregate<D>>,
    old: HashMap<Id, Aggregate<D>>,
}

impl<D: Decider> Cache<D> {
    /// Keeps at least `bound` aggregates that were used last, and at most twice as many.
    pub fn new(bound: usize) -> Self {
        let generations = Generations { young: HashMap::new(), old: HashMap::new() };
        Self { generations: Mutex::new(generations), bound }
    }

    /// Takes an aggregate out.
    pub fn take(&self, id: &Id) -> Option<Aggregate<D>> {
        let mut generations = self.lock();
        generations.young.remove(id).or_else(|| generations.old.remove(id))
    }

    /// Puts an aggregate in.
    pub fn put(&self, id: Id, aggregate: Aggregate<D>) {
        let mut generations = self.lock();
        if generations.young.len() >= self.bound {
            generations.old = std::mem::take(&mut generations.young);
        }
        generations.young.insert(id, aggregate);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Generations<D>> {
        self.generations.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
