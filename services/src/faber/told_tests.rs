//! The word for every outcome, and the one that counts.

use helmstream_core::faber::Shape;
use uuid::Uuid;

use super::*;
use crate::client::publish::Receipt;

fn settled(outcome: Option<Outcome>) -> Result<Settled, Failure> {
    let receipt = Receipt { inbox_sequence: 7, sent_times: 1 };
    Ok(Settled { receipt, outcome, first: None })
}

fn event(name: &str) -> Outcome {
    let (context, aggregate) = ("run".into(), "acme/1".into());
    Outcome::Event { sequence: 3, id: Uuid::nil(), context, aggregate, name: name.into() }
}

fn dead(reason: &str) -> Outcome {
    let (reason, detail, hint) = (reason.into(), "detail".into(), "hint".into());
    Outcome::DeadLetter { dead_sequence: 1, reason, detail, hint }
}

fn said(quarantined: Option<&str>) -> Said {
    Said { place: Some("line 2".into()), quarantined: quarantined.map(str::to_owned) }
}

#[test]
fn every_outcome_has_its_word() {
    let again = || Outcome::DuplicateOf { first_inbox_sequence: 2 };
    let refused = || Outcome::Refused {
        sequence: 1,
        command_id: Uuid::nil(),
        reason: "full".into(),
        detail: "it is".into(),
    };
    let cases = [
        (None, Some(event("step_ended")), Word::Taken),
        (None, Some(event("claim_disputed")), Word::Conflict),
        (None, Some(dead("conflict")), Word::Conflict),
        (None, Some(dead("bad_id")), Word::Quarantined),
        (Some("half"), Some(dead("quarantined")), Word::Quarantined),
        (Some("half"), Some(again()), Word::Quarantined),
        (None, Some(again()), Word::HadAlready),
        (None, Some(refused()), Word::Refused),
        (None, Some(Outcome::Lost), Word::Lost),
        (None, None, Word::UnknownYet),
    ];
    for (quarantined, outcome, word) in cases {
        let judged = judged(&said(quarantined), &settled(outcome.clone()));
        assert_eq!(judged.0, word, "{outcome:?}");
        assert_eq!(judged.1.is_some(), word.is_bad() || word == Word::UnknownYet, "{judged:?}");
    }
}

#[test]
fn the_worst_counts_and_its_reason_says_where() {
    let seen = Seen {
        path: "events.jsonl".into(),
        commit: None,
        shape: Shape::EventLog,
        pieces: Vec::new(),
        why: None,
    };
    let mut told = Told::of(&seen);
    assert_eq!(told.outcome, Word::Nothing);
    told.add(&said(None), &settled(Some(event("started"))));
    told.add(&said(Some("half a line")), &settled(Some(dead("quarantined"))));
    told.add(&said(None), &settled(Some(event("ended"))));
    assert_eq!(told.outcome, Word::Quarantined);
    assert_eq!(told.events, BTreeMap::from([(Word::Taken, 2), (Word::Quarantined, 1)]));
    let reason = told.reason().unwrap();
    assert_eq!((reason.place.as_deref(), reason.reason.as_str()), (Some("line 2"), "half a line"));
}

#[test]
fn what_was_known_names_the_publish_that_has_it() {
    let seen = Seen::nothing("state.json", Shape::Unreadable, "");
    let mut told = Told::of(&Seen { why: None, ..seen });
    told.add(&said(Some("half")), &settled(Some(Outcome::DuplicateOf { first_inbox_sequence: 2 })));
    let reason = told.reason().unwrap();
    assert_eq!((reason.inbox_sequence, reason.is_known), (Some(2), true));
    assert_eq!(told.outcome, Word::Quarantined, "that it is known does not mend it");
}
