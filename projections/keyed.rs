//! Views whose rows are kept by key, one for each aggregate. The rows that a batch touches are
//! fetched once, folded in memory, and each changed row is written once, all of them in one
//! statement. Rows stay in memory between batches, which is safe because the checkpoint's fence
//! lets no one else write them.

pub mod base;

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Debug,
    future::Future,
};

use helmstream_schemas::Record;

use crate::{
    error::ProjectionError,
    limits::KEPT_BYTES_MAX,
    projection::{Fit, Projection},
    session::Session,
};

/// A view with one row (or one small set of rows) an aggregate, by the aggregate's subject.
pub trait Keyed: Projection {
    /// Everything the view knows of one aggregate; the default is an aggregate without a row.
    type Row: Clone + Debug + Default + PartialEq + Send + Sync;

    /// Folds one record into its aggregate's row and says whether that changed it. Total, and the
    /// same record again changes nothing.
    fn fold(row: &mut Self::Row, record: &Record, event: Self::Event) -> bool;

    /// About how many bytes a row takes in memory.
    fn weight(row: &Self::Row) -> usize;

    /// The rows of these aggregates, as far as there are any.
    fn fetch(
        session: &mut Session,
        subjects: &[&str],
    ) -> impl Future<Output = Result<Vec<(String, Self::Row)>, ProjectionError>> + Send;

    /// Writes rows, each whether or not it was there before.
    fn store(
        session: &mut Session,
        rows: &[(&str, &Self::Row)],
    ) -> impl Future<Output = Result<(), ProjectionError>> + Send;
}

/// Folds a batch into the rows of its aggregates; the subjects of those that changed.
pub fn fold_batch<V: Keyed>(
    rows: &mut HashMap<String, V::Row>,
    batch: Vec<Fit<'_, V::Event>>,
) -> BTreeSet<String> {
    let mut changed = BTreeSet::new();
    for Fit { record, event } in batch {
        let row = match rows.get_mut(&record.subject) {
            Some(row) => row,
            None => rows.entry(record.subject.clone()).or_default(),
        };
        if V::fold(row, record, event) && !changed.contains(&record.subject) {
            changed.insert(record.subject.clone());
        }
    }
    changed
}

/// Fetches, folds and stores. Nothing of it counts until the transaction around it is committed.
pub async fn write<V: Keyed>(
    session: &mut Session,
    kept: &mut KeptRows<V::Row>,
    batch: Vec<Fit<'_, V::Event>>,
) -> Result<(), ProjectionError> {
    let touched: BTreeSet<&str> = batch.iter().map(|fit| fit.record.subject.as_str()).collect();
    let mut rows = HashMap::with_capacity(touched.len());
    let mut absent = Vec::new();
    for subject in touched {
        match kept.take(subject) {
            Some(row) => drop(rows.insert(subject.to_owned(), row)),
            None => absent.push(subject),
        }
    }
    if !absent.is_empty() {
        rows.extend(V::fetch(session, &absent).await?);
    }
    let changed = fold_batch::<V>(&mut rows, batch);
    if !changed.is_empty() {
        let changed: Vec<(&str, &V::Row)> =
            changed.iter().map(|subject| (subject.as_str(), &rows[subject])).collect();
        V::store(session, &changed).await?;
    }
    for (subject, row) in rows {
        let weight = V::weight(&row) + subject.len();
        kept.put(subject, row, weight);
    }
    Ok(())
}

/// Rows that were written lately, up to a bound of their weight. Two generations: what was not
/// used while half the bound was filled anew is forgotten.
#[derive(Debug)]
pub struct KeptRows<R> {
    young: HashMap<String, R>,
    young_weight: usize,
    old: HashMap<String, R>,
}

impl<R> KeptRows<R> {
    fn take(&mut self, subject: &str) -> Option<R> {
        self.young.remove(subject).or_else(|| self.old.remove(subject))
    }

    fn put(&mut self, subject: String, row: R, weight: usize) {
        // A row that is taken and put again counts again: the bound holds, only sooner.
        self.young_weight += weight;
        self.young.insert(subject, row);
        if self.young_weight > KEPT_BYTES_MAX / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_weight = 0;
        }
    }
}

impl<R> Default for KeptRows<R> {
    fn default() -> Self {
        Self { young: HashMap::new(), young_weight: 0, old: HashMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_a_bound_and_what_is_in_use_stays() {
        let mut kept = KeptRows::default();
        let weight = KEPT_BYTES_MAX / 100;
        for n in 0..1_000 {
            let hot = kept.take("hot").unwrap_or(n);
            kept.put("hot".into(), hot, weight);
            kept.put(n.to_string(), n, weight);
        }
        assert_eq!(kept.take("hot"), Some(0));
        assert_eq!(kept.take("999"), Some(999));
        assert_eq!(kept.take("0"), None);
        assert!((kept.young.len() + kept.old.len()) * weight <= KEPT_BYTES_MAX);
    }

    #[test]
    fn a_row_that_was_taken_is_not_there_twice() {
        let mut kept = KeptRows::default();
        kept.put("a".into(), 1, 1);
        assert_eq!(kept.take("a"), Some(1));
        assert_eq!(kept.take("a"), None);
    }
}
