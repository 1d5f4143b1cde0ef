//! What the ledger takes from a record, and what it refuses to take.

use helmstream_schemas::journal::{DeadLetter, Lost, Unchanged};

use super::*;
use crate::run::samples;

fn entry(entry: &JournalEntry) -> Record {
    let (name, payload) = words::encode(entry);
    let mut record = samples::noted(3, "a");
    record.stream = "JOURNAL".into();
    record.subject = "jrn.door".into();
    record.payload = payload;
    record.attributes.set(ce::TYPE, helmstream_schemas::catalog::journal_kind(&name));
    record
}

#[test]
fn an_event_is_kept_as_it_is_stored() {
    let mut record = samples::noted(7, "acme%2Fx");
    record.attributes.set(ce::CAUSATIONID, Uuid::from_u128(5).to_string());
    record.attributes.set(ce::TIME, "2026-01-31T09:30:00Z");
    record.payload = b"\xff not json".to_vec();
    record.subject = "evt.run.acme%2Ex".into();
    let row = LedgerRow::of(&record).unwrap();
    assert_eq!((row.context, row.aggregate), (Some("run"), Some(Id::new("acme.x").unwrap())));
    assert_eq!((row.causation_id, row.inbox), (Some(Uuid::from_u128(5)), None));
    assert!(row.claimed_at.is_some());
    assert_eq!(row.hash, Hash::of_record(&record));
    let attributes: Attributes = serde_json::from_str(&row.attributes).unwrap();
    assert_eq!(attributes, record.attributes);
}

#[test]
fn a_type_from_a_newer_program_is_kept_too() {
    let mut record = samples::noted(7, "a");
    record.attributes.set(ce::TYPE, "helmstream.run.teleported.v9");
    assert_eq!(LedgerRow::of(&record).unwrap().kind, "helmstream.run.teleported.v9");
}

#[test]
fn a_command_says_which_publish_it_was_and_under_which_key() {
    let mut record = samples::noted(7, "a");
    record.stream = "COMMANDS".into();
    record.subject = "cmd.3.run.report.a".into();
    record.attributes.set(ce::INBOXSEQUENCE, "41");
    record.attributes.set(ce::DOORKEY, Hash::of(b"key").to_string());
    record.attributes.set(ce::CAUSATIONID, "whatever the publisher calls it");
    let row = LedgerRow::of(&record).unwrap();
    assert_eq!((row.inbox, row.door_key), (Some((41, 41)), Some(Hash::of(b"key"))));
    assert_eq!((row.causation_id, row.context), (None, Some("run")));
}

#[test]
fn an_entry_of_the_journal_says_which_publishes_it_accounts_for() {
    let lost = Lost { first_inbox_sequence: 4, last_inbox_sequence: 9 };
    let row = LedgerRow::of(&entry(&JournalEntry::Lost(lost))).unwrap();
    assert_eq!((row.inbox, row.context), (Some((4, 9)), None));

    let command_id = Uuid::from_u128(8);
    let unchanged = Unchanged {
        command_id,
        context: "run".into(),
        aggregate: "a".into(),
        inbox_sequence: None,
    };
    let row = LedgerRow::of(&entry(&JournalEntry::Unchanged(unchanged))).unwrap();
    assert_eq!((row.inbox, row.causation_id), (None, Some(command_id)));

    let letter = DeadLetter {
        inbox_sequence: 6,
        dead_sequence: 2,
        publisher: "faber".into(),
        reason: "not_json".into(),
        detail: "d".into(),
        hint: "h".into(),
        bytes: 9,
    };
    let row = LedgerRow::of(&entry(&JournalEntry::DeadLetter(letter))).unwrap();
    assert_eq!((row.inbox, row.publisher.as_deref()), (Some((6, 6)), Some("faber")));
}

#[test]
fn what_has_no_place_in_the_ledger_is_an_error_of_the_record() {
    let changes: [fn(&mut Record); 7] = [
        |r| r.subject = "state.run.a".into(),
        |r| r.subject = "evt.nope.a".into(),
        |r| r.attributes.set(ce::ID, "7"),
        |r| r.attributes.set(ce::INBOXSEQUENCE, "-1"),
        |r| r.attributes.set(ce::DOORKEY, "short"),
        |r| r.attributes.set(ce::RECEIVEDTIME, "yesterday"),
        |r| r.subject = "jrn.door".into(),
    ];
    for (n, change) in changes.into_iter().enumerate() {
        let mut record = samples::noted(7, "a");
        change(&mut record);
        assert!(LedgerRow::of(&record).is_err(), "change {n}");
    }
}
