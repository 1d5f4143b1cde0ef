//! What of a batch can be applied and what has to be parked. A record that cannot be read is
//! parked with its reason, and later ones that build on it, those of the same subject, park behind
//! it, so that a redrive finds them in order; everything else flows. Pure.

use std::collections::BTreeSet;

use helmstream_schemas::Record;

use crate::{
    limits::REASON_BYTES_MAX,
    projection::{Fit, Projection, Unfit},
};

/// A batch, taken apart.
pub struct Sorted<'a, E> {
    pub fits: Vec<Fit<'a, E>>,
    pub parked: Vec<Parked<'a>>,
}

/// A record that is not applied, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct Parked<'a> {
    pub record: &'a Record,
    pub reason: String,
}

/// The reason of a record that nothing is wrong with.
pub const BEHIND: &str = "an earlier record of this subject is parked";

/// Takes a batch apart: records, each with what it was taken for. `behind` holds the subjects that
/// have something parked; `refused` is what the database said of the batch's only record, if it
/// refused it.
pub fn sort<'a, P: Projection>(
    batch: impl IntoIterator<Item = (&'a Record, Result<P::Event, Unfit>)>,
    mut behind: BTreeSet<String>,
    refused: Option<&str>,
) -> Sorted<'a, P::Event> {
    let batch = batch.into_iter();
    let mut sorted = Sorted { fits: Vec::with_capacity(batch.size_hint().0), parked: Vec::new() };
    for (record, taken) in batch {
        let waits = P::BUILDS_ON_EARLIER && !behind.is_empty() && behind.contains(&record.subject);
        let reason = match (waits, refused, taken) {
            (true, _, _) => BEHIND.to_owned(),
            (false, Some(reason), _) => bounded(reason.to_owned()),
            (false, None, Ok(event)) => {
                sorted.fits.push(Fit { record, event });
                continue;
            }
            (false, None, Err(unfit)) => bounded(unfit.to_string()),
        };
        behind.insert(record.subject.clone());
        sorted.parked.push(Parked { record, reason });
    }
    sorted
}

/// The same for records that were not read yet.
pub fn read_and_sort<'a, P: Projection>(
    batch: &'a [Record],
    behind: BTreeSet<String>,
    refused: Option<&str>,
) -> Sorted<'a, P::Event> {
    sort::<P>(batch.iter().map(|record| (record, P::read(record))), behind, refused)
}

fn bounded(mut reason: String) -> String {
    reason.truncate(reason.floor_char_boundary(REASON_BYTES_MAX));
    reason
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Ledger, Run, run::samples};

    #[test]
    fn a_reason_is_cut_between_characters() {
        let cut = bounded("ä".repeat(REASON_BYTES_MAX));
        assert_eq!(cut.len(), REASON_BYTES_MAX);
        assert_eq!(bounded("short".into()), "short");
    }

    #[test]
    fn an_unknown_type_parks_and_so_does_what_follows_it_on_its_subject() {
        let mut batch: Vec<Record> =
            (1..=6).map(|n| samples::noted(n, ["a", "b"][n as usize % 2])).collect();
        batch[1].attributes.set("type", "helmstream.run.teleported.v1");
        let sorted = read_and_sort::<Run>(&batch, BTreeSet::new(), None);
        let fits: Vec<u64> = sorted.fits.iter().map(|fit| fit.record.sequence).collect();
        let parked: Vec<(u64, bool)> =
            sorted.parked.iter().map(|p| (p.record.sequence, p.reason == BEHIND)).collect();
        assert_eq!(fits, [1, 3, 5]);
        assert_eq!(parked, [(2, false), (4, true), (6, true)]);
        assert!(sorted.parked[0].reason.contains("teleported"), "{}", sorted.parked[0].reason);
    }

    #[test]
    fn whatever_cannot_be_read_parks_and_never_folds_as_nothing() {
        let changes: [fn(&mut Record); 7] = [
            |r| r.payload = b"{".to_vec(),
            |r| r.payload = b"[]".to_vec(),
            |r| r.attributes.set("type", "helmstream.run.noted.v2"),
            |r| r.attributes.set("type", "helmstream.alias.claimed.v1"),
            |r| r.attributes.set("type", "helmstream.run.command_refused.v1"),
            |r| r.attributes.set("id", "not a uuid"),
            |r| r.subject = "evt.alias.a".into(),
        ];
        for (n, change) in changes.into_iter().enumerate() {
            let mut record = samples::noted(1, "a");
            change(&mut record);
            let batch = [record];
            let sorted = read_and_sort::<Run>(&batch, BTreeSet::new(), None);
            assert_eq!((sorted.fits.len(), sorted.parked.len()), (0, 1), "change {n}");
        }
    }

    #[test]
    fn a_view_of_single_records_parks_nothing_behind_another() {
        let mut batch: Vec<Record> = (1..=3).map(|n| samples::noted(n, "a")).collect();
        batch[0].attributes.set("id", "not a uuid");
        let sorted = read_and_sort::<Ledger>(&batch, BTreeSet::new(), None);
        assert_eq!((sorted.fits.len(), sorted.parked.len()), (2, 1));
    }

    proptest! {
        #[test]
        fn what_parks_does_not_depend_on_where_batches_end(
            subjects in prop::collection::vec(0_usize..4, 1..40),
            poison in prop::collection::vec(any::<bool>(), 40),
            ends in prop::collection::vec(1_usize..7, 40),
        ) {
            let batch: Vec<Record> = subjects
                .iter()
                .zip(&poison)
                .enumerate()
                .map(|(n, (subject, poisoned))| {
                    let mut record = samples::noted(n as u64 + 1, ["a", "b", "c", "d"][*subject]);
                    if *poisoned {
                        record.payload = b"?".to_vec();
                    }
                    record
                })
                .collect();
            let whole = read_and_sort::<Run>(&batch, BTreeSet::new(), None);
            let (mut behind, mut parked, mut rest) = (BTreeSet::new(), Vec::new(), &batch[..]);
            for end in ends {
                let (part, remaining) = rest.split_at(end.min(rest.len()));
                let sorted = read_and_sort::<Run>(part, behind.clone(), None);
                behind.extend(sorted.parked.iter().map(|p| p.record.subject.clone()));
                parked.extend(sorted.parked);
                rest = remaining;
            }
            let parts = parked.iter().filter(|p| p.record.sequence <= (batch.len() - rest.len()) as u64);
            let (parts, whole): (Vec<_>, Vec<_>) = (parts.collect(), whole.parked.iter().collect());
            prop_assert_eq!(&parts[..], &whole[..parts.len()]);
            prop_assert_eq!(parts.len() + rest.len() >= whole.len(), true);
        }
    }
}
