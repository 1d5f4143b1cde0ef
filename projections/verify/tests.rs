//! What is found to differ, and that nothing else is.

use super::*;
use crate::run::samples;

const EPOCH: Uuid = Uuid::from_u128(1);

fn record(sequence: u64) -> Record {
    let mut record = samples::noted(sequence, "a");
    record.attributes.set(ce::CAUSATIONID, Uuid::from_u128(5).to_string());
    record.attributes.set(ce::CAUSATIONHASH, Hash::of(b"command").to_string());
    record
}

fn entry(record: &Record) -> Entry {
    let row = LedgerRow::of(record).unwrap();
    Entry {
        stream: record.stream.clone(),
        sequence: record.sequence,
        hash: Some(row.hash.to_string()),
        recomputed: Some(row.hash),
        searched: Some(searched(&row)),
    }
}

fn commands() -> Commands {
    let hashes = vec![Hash::of(b"stored once more").to_string(), Hash::of(b"command").to_string()];
    Commands { hashes: BTreeMap::from([(Uuid::from_u128(5), hashes)]), are_whole: true }
}

/// Four records of both sides, changed; what is found, and how many agreed before it.
fn found(
    change: impl FnOnce(&mut Vec<Record>, &mut Vec<Entry>, &mut Commands),
) -> (Option<(Kind, u64)>, u64) {
    let mut records: Vec<Record> = (1..=4).map(record).collect();
    let mut entries: Vec<Entry> = records.iter().map(entry).collect();
    let mut commands = commands();
    change(&mut records, &mut entries, &mut commands);
    let mut walk = Walk::new("EVENTS", 1, 4, 4);
    let difference = walk.compare(&records, &entries, 4, &commands, &mut Causes::default());
    if let Some(difference) = &difference {
        let told = [&difference.what, &difference.log, &difference.found, &difference.what_to_do];
        assert!(told.iter().all(|text| !text.is_empty()), "{difference:?}");
    }
    assert!(walk.is_done() || difference.is_some());
    (difference.map(|difference| (difference.kind, difference.sequence)), walk.records)
}

#[test]
fn what_is_the_same_on_both_sides_is_no_difference() {
    assert_eq!(found(|_, _, _| {}), (None, 4));
}

#[test]
fn a_record_that_is_gone_changed_or_exchanged_is_found_where_it_is() {
    let altered = |at| (Some((Kind::RecordAltered, at)), at - 1);
    assert_eq!(found(|records, _, _| records[2].payload.push(b' ')), altered(3));
    assert_eq!(found(|records, _, _| records[1].attributes.set("actor", "x")), altered(2));
    let swapped = found(|records, _, _| {
        records.swap(1, 2);
        records[1].sequence = 2;
        records[2].sequence = 3;
    });
    assert_eq!(swapped, altered(2));
    let missing = |at| (Some((Kind::RecordMissing, at)), at - 1);
    assert_eq!(found(|records, _, _| drop(records.remove(1))), missing(2));
    assert_eq!(found(|records, _, _| drop(records.pop())), missing(4));
    let on_both_sides = found(|records, entries, _| {
        records.remove(0);
        entries.remove(0);
    });
    assert_eq!(on_both_sides, missing(1));
}

#[test]
fn a_row_that_is_gone_changed_or_put_in_is_found_where_it_is() {
    let at = |kind, at| (Some((kind, at)), at - 1);
    assert_eq!(found(|_, rows, _| drop(rows.remove(2))), at(Kind::RowMissing, 3));
    assert_eq!(found(|_, rows, _| drop(rows.pop())), at(Kind::RowMissing, 4));
    let hash = Hash::of(b"other");
    let altered = at(Kind::RowAltered, 2);
    assert_eq!(found(|_, rows, _| rows[1].hash = Some(hash.to_string())), altered);
    assert_eq!(found(|_, rows, _| rows[1].hash = Some("00".into())), altered);
    assert_eq!(found(|_, rows, _| rows[1].recomputed = Some(hash)), altered);
    assert_eq!(found(|_, rows, _| rows[1].recomputed = None), altered);
    let stray = |change: fn(&mut Entry)| {
        found(|_, rows, _| {
            let mut row = rows[1].clone();
            change(&mut row);
            rows.insert(1, row);
        })
        .0
    };
    assert_eq!(stray(|row| row.stream = "OTHER".into()), Some((Kind::RowOfNoRecord, 2)));
    assert_eq!(stray(|row| row.sequence = 0), Some((Kind::RowOfNoRecord, 0)));
    let behind = found(|_, rows, _| rows.push(Entry { stream: "OTHER".into(), ..rows[3].clone() }));
    assert_eq!(behind.0, Some((Kind::RowOfNoRecord, 4)));
}

#[test]
fn a_column_that_questions_look_into_is_compared_too() {
    for (at, name) in SEARCHED.iter().enumerate() {
        let changed = found(|_, rows, _| {
            rows[1].searched.as_mut().unwrap()[at] = Some("another".into());
        });
        assert_eq!(changed, (Some((Kind::ColumnAltered, 2)), 1), "{name}");
    }
}

#[test]
fn what_the_ledger_parked_is_compared_by_what_it_kept() {
    let parked = |rows: &mut Vec<Entry>| {
        rows[1].hash = None;
        rows[1].searched = None;
    };
    assert_eq!(found(|_, rows, _| parked(rows)), (None, 4));
    let changed = found(|records, rows, _| {
        parked(rows);
        records[1].payload.push(b' ');
    });
    assert_eq!(changed.0, Some((Kind::RecordAltered, 2)));
}

#[test]
fn a_cause_has_to_be_a_record_of_the_command_it_names() {
    let at = |kind| Some((kind, 1));
    let other = found(|_, _, commands| {
        commands.hashes.insert(Uuid::from_u128(5), vec![Hash::of(b"other").to_string()]);
    });
    assert_eq!(other.0, at(Kind::CauseAltered));
    assert_eq!(found(|_, _, commands| commands.hashes.clear()).0, at(Kind::CauseMissing));
    let unread = found(|_, _, commands| *commands = Commands::default());
    assert_eq!(unread, (None, 4), "it may be a command that the ledger has not read yet");
    let nameless = found(|records, rows, _| {
        records[2].attributes.set(ce::CAUSATIONID, "5");
        rows[2] = entry(&records[2]);
    });
    assert_eq!(nameless.0, Some((Kind::CauseMissing, 3)));
}

#[test]
fn time_does_not_go_back_but_may_stand_still() {
    let told_at = |nanos: i64| {
        move |records: &mut Vec<Record>, rows: &mut Vec<Entry>, _: &mut Commands| {
            let before = records[1].recorded_at.nanos();
            records[2].recorded_at = Timestamp::from_nanos(before + nanos);
            rows[2] = entry(&records[2]);
            records[3].recorded_at = records[2].recorded_at;
            rows[3] = entry(&records[3]);
        }
    };
    assert_eq!(found(told_at(0)), (None, 4));
    assert_eq!(found(told_at(-1)), (Some((Kind::TimeWentBack, 3)), 2));
}

/// What was compared page by page is what is compared at once, also where a page ends in a gap.
#[test]
fn pages_follow_on_each_other() {
    let records: Vec<Record> = (1..=4).map(record).collect();
    let entries: Vec<Entry> = records.iter().map(entry).collect();
    let (commands, mut causes) = (commands(), Causes::default());
    let mut walk = Walk::new("EVENTS", 1, 5, 5);
    assert_eq!(walk.compare(&records[..2], &entries[..2], 2, &commands, &mut causes), None);
    let kept = serde_json::to_string(&walk).unwrap();
    let mut walk: Walk = serde_json::from_str(&kept).unwrap();
    assert_eq!(walk.compare(&records[2..], &entries[2..], 4, &commands, &mut causes), None);
    assert_eq!((walk.next_seq, walk.records, causes.compared), (5, 4, 4));
    let end = walk.compare(&[], &[], 5, &commands, &mut causes).unwrap();
    assert_eq!((end.kind, end.sequence), (Kind::RecordMissing, 5));
}

#[test]
fn a_checkpoint_is_of_this_log_within_it_and_at_the_record_it_names() {
    let standing = Standing {
        projection: "run".into(),
        version: 1,
        stream: "EVENTS".into(),
        applied_seq: 3,
        applied_hash: Some(Hash::of_record(&record(3)).to_string()),
        read_to_seq: 4,
        epoch: EPOCH,
        parked: 0,
    };
    let kind = |change: fn(&mut Standing), epoch, head, record: Option<Record>| {
        let mut standing = standing.clone();
        change(&mut standing);
        checkpoint_differs(&standing, epoch, head, record.as_ref()).map(|found| found.kind)
    };
    let at = || Some(record(3));
    assert_eq!(kind(|_| {}, Ok(EPOCH), Some(4), at()), None);
    assert_eq!(kind(|_| {}, Ok(EPOCH), Some(9), at()), None);
    assert_eq!(kind(|_| {}, Ok(Uuid::nil()), Some(4), at()), Some(Kind::OtherEpoch));
    assert_eq!(kind(|_| {}, Err("no founding"), Some(4), at()), Some(Kind::OtherEpoch));
    assert_eq!(kind(|_| {}, Ok(EPOCH), Some(3), at()), Some(Kind::BeyondHead));
    assert_eq!(kind(|_| {}, Ok(EPOCH), None, at()), Some(Kind::BeyondHead));
    let altered = Some(Kind::CheckpointAltered);
    assert_eq!(kind(|_| {}, Ok(EPOCH), Some(4), None), altered);
    assert_eq!(kind(|_| {}, Ok(EPOCH), Some(4), Some(record(2))), altered);
    let mut changed = record(3);
    changed.payload.push(b' ');
    assert_eq!(kind(|_| {}, Ok(EPOCH), Some(4), Some(changed)), altered);
    assert_eq!(kind(|at| at.applied_hash = None, Ok(EPOCH), Some(4), at()), altered);
    assert_eq!(kind(|at| at.applied_seq = 5, Ok(EPOCH), Some(5), at()), altered);
    assert_eq!(kind(|at| at.applied_seq = 0, Ok(EPOCH), Some(4), None), altered);
}
