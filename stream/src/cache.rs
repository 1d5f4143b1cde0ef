//! Folded aggregates kept in memory: those used last, as many as their weight allows. A stale entry
//! costs one conflict and nothing else.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use helmstream_core::{Aggregate, Decider};
use helmstream_schemas::Id;

use crate::limits;

/// Aggregates by identity. An aggregate is taken out while it is worked on.
pub struct Cache<D: Decider> {
    held: Mutex<Held<D>>,
    bytes_max: usize,
}

/// An aggregate in memory.
#[derive(Debug, Clone)]
pub struct Kept<D: Decider> {
    pub aggregate: Aggregate<D>,
    /// Its length when a snapshot was last read or written, or when it was loaded without one.
    pub settled_length: u64,
}

struct Held<D: Decider> {
    aggregates: HashMap<Id, (u64, Box<Kept<D>>)>,
    /// Which was put in when, oldest first.
    order: BTreeMap<u64, Id>,
    puts: u64,
    bytes: usize,
}

impl<D: Decider> Cache<D> {
    /// Keeps what weighs up to `bytes_max`, and one aggregate whatever it weighs.
    pub fn new(bytes_max: usize) -> Self {
        let (aggregates, order) = (HashMap::new(), BTreeMap::new());
        Self { held: Mutex::new(Held { aggregates, order, puts: 0, bytes: 0 }), bytes_max }
    }

    /// Takes an aggregate out.
    pub fn take(&self, id: &Id) -> Option<Kept<D>> {
        self.lock().remove(id)
    }

    /// Puts an aggregate in; gives back those that have to leave for it, the longest unused first.
    #[must_use = "what leaves may owe a snapshot"]
    pub fn put(&self, id: Id, kept: Kept<D>) -> Vec<(Id, Kept<D>)> {
        let mut held = self.lock();
        held.remove(&id);
        held.puts += 1;
        held.bytes += kept.bytes();
        let put = held.puts;
        held.order.insert(put, id.clone());
        held.aggregates.insert(id, (put, Box::new(kept)));
        let mut left = Vec::new();
        while held.bytes > self.bytes_max && held.order.len() > 1 {
            let Some((_, oldest)) = held.order.pop_first() else { break };
            if let Some(kept) = held.remove(&oldest) {
                left.push((oldest, kept));
            }
        }
        left
    }

    fn lock(&self) -> MutexGuard<'_, Held<D>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: Decider> Held<D> {
    fn remove(&mut self, id: &Id) -> Option<Kept<D>> {
        let (put, kept) = self.aggregates.remove(id)?;
        self.order.remove(&put);
        self.bytes -= kept.bytes();
        Some(*kept)
    }
}

impl<D: Decider> Kept<D> {
    /// What it weighs, about: every record leaves its claim, its cause and its share of the rest.
    fn bytes(&self) -> usize {
        let records = usize::try_from(self.aggregate.length).unwrap_or(usize::MAX);
        records.saturating_mul(limits::RECORD_FOLDED_BYTES).saturating_add(limits::AGGREGATE_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use helmstream_core::run::Run;

    use super::*;

    fn id(n: usize) -> Id {
        Id::new(format!("run-{n}")).unwrap()
    }

    fn kept(length: u64) -> Kept<Run> {
        Kept { aggregate: Aggregate { length, ..Aggregate::default() }, settled_length: 0 }
    }

    fn put(cache: &Cache<Run>, n: usize, length: u64) -> Vec<Id> {
        cache.put(id(n), kept(length)).into_iter().map(|(id, _)| id).collect()
    }

    #[test]
    fn what_was_used_last_stays_and_what_was_not_leaves() {
        let cache = Cache::new(3 * kept(10).bytes());
        for n in 1..=3 {
            assert_eq!(put(&cache, n, 10), []);
        }
        let first = cache.take(&id(1)).unwrap();
        assert!(cache.put(id(1), first).is_empty());
        assert_eq!(put(&cache, 4, 10), [id(2)]);
        assert!(cache.take(&id(2)).is_none());
        assert!([1, 3, 4].iter().all(|n| cache.take(&id(*n)).is_some()));
    }

    #[test]
    fn a_heavy_one_takes_the_room_of_several_and_is_kept_even_alone() {
        let cache = Cache::new(3 * kept(10).bytes());
        for n in 1..=3 {
            put(&cache, n, 10);
        }
        assert_eq!(put(&cache, 4, 1_000), [id(1), id(2), id(3)]);
        assert_eq!(cache.take(&id(4)).unwrap().aggregate.length, 1_000);
        assert_eq!(put(&cache, 5, 10), []);
    }

    #[test]
    fn whatever_comes_and_goes_the_weight_is_that_of_what_is_held() {
        let cache = Cache::new(40 * kept(10).bytes());
        for n in 0..1_000 {
            if n % 3 == 0 {
                cache.take(&id(n * 7 % 60));
            }
            let _ = put(&cache, n * 11 % 60, (n % 40) as u64);
            let held = cache.lock();
            let bytes: usize = held.aggregates.values().map(|(_, kept)| kept.bytes()).sum();
            assert_eq!((held.bytes, held.order.len()), (bytes, held.aggregates.len()));
            assert!(bytes <= cache.bytes_max);
        }
    }
}
