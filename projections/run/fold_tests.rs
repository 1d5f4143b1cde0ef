//! Properties of the fold: the same again changes nothing, and where batches end does not matter.

use std::collections::{BTreeSet, HashMap};

use helmstream_schemas::{
    Context, Record,
    attributes::{self as ce, Kind},
    refusal::CommandRefused,
};
use proptest::prelude::*;
use uuid::Uuid;

use crate::{
    Projection,
    keyed::fold_batch,
    parking::read_and_sort,
    run::{Run, RunState, samples},
};

type Rows = HashMap<String, RunState>;

/// Folds batches of these sizes, one after the other, as the projector does.
fn folded(records: &[Record], sizes: &[usize]) -> Rows {
    let (mut rows, mut rest, mut behind) = (Rows::new(), records, BTreeSet::new());
    for size in sizes.iter().copied().chain([records.len()]) {
        let (batch, remaining) = rest.split_at(size.min(rest.len()));
        let sorted = read_and_sort::<Run>(batch, behind.clone(), None);
        behind.extend(sorted.parked.iter().map(|parked| parked.record.subject.clone()));
        fold_batch::<Run>(&mut rows, sorted.fits);
        rest = remaining;
    }
    rows.retain(|_, state| *state != RunState::default());
    rows
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let one = (0_usize..4, samples::any_event(), 0_u8..12);
    prop::collection::vec(one, 1..30).prop_map(|all| {
        let numbered = all.into_iter().enumerate();
        let record = |(n, (run, event, fate)): (usize, (usize, _, u8))| {
            let mut record = samples::record(n as u64 + 1, ["a", "b", "c", "d"][run], &event);
            match fate {
                0 => record.payload = b"?".to_vec(),
                1 => refuse(&mut record),
                _ => {}
            }
            record
        };
        numbered.map(record).collect()
    })
}

fn refuse(record: &mut Record) {
    let refused = CommandRefused {
        command_id: Uuid::nil(),
        command: "report".into(),
        reason: "run_full".into(),
        detail: "full".into(),
    };
    record.payload = serde_json::to_vec(&refused).unwrap();
    let kind = Kind::first(Context::Run, "command_refused");
    record.attributes.set(ce::TYPE, kind.to_string());
}

proptest! {
    #[test]
    fn where_batches_end_does_not_matter(
        records in records(),
        sizes in prop::collection::vec(1_usize..9, 0..30),
    ) {
        prop_assert_eq!(folded(&records, &sizes), folded(&records, &[]));
    }

    #[test]
    fn the_same_batch_again_changes_nothing(records in records()) {
        let mut rows = folded(&records, &[]);
        let before = rows.clone();
        let parked: BTreeSet<String> = read_and_sort::<Run>(&records, BTreeSet::new(), None)
            .parked
            .iter()
            .map(|parked| parked.record.subject.clone())
            .collect();
        let again: Vec<Record> =
            records.into_iter().filter(|record| !parked.contains(&record.subject)).collect();
        let changed = fold_batch::<Run>(&mut rows, read_and_sort::<Run>(&again, BTreeSet::new(), None).fits);
        rows.retain(|_, state| *state != RunState::default());
        prop_assert!(changed.is_empty());
        prop_assert_eq!(rows, before);
    }

    #[test]
    fn a_row_reads_back_as_it_was_written(records in records()) {
        for state in folded(&records, &[]).into_values() {
            let column = serde_json::to_string(&state).unwrap();
            prop_assert!(!column.contains('\0'));
            prop_assert_eq!(serde_json::from_str::<RunState>(&column).unwrap(), state);
        }
    }
}

#[test]
fn a_refusal_is_known_and_leaves_no_trace() {
    let mut record = samples::noted(1, "a");
    refuse(&mut record);
    assert!(folded(&[record], &[]).is_empty());
}

#[test]
fn what_a_run_wrote_beside_its_claim_stays_on_the_log() {
    let mut record = samples::noted(1, "a");
    let with_rest = String::from_utf8(record.payload).unwrap().replace(
        "\"number\":1",
        "\"number\":1,\"rest\":{\"stack\":\"deep\"},\"removed\":[{\"at\":\"/x\",\"what\":\"y\"}]",
    );
    record.payload = with_rest.into_bytes();
    let entry = Run::read(&record).unwrap().unwrap();
    let claim = entry.claim.unwrap();
    assert_eq!((claim.number, claim.rest.len(), claim.removed.len()), (1, 0, 0));
}
