//! How each outcome is told, for people and as data.

use uuid::Uuid;

use super::*;
use crate::client::publish::Receipt;

fn told(sent_times: u32, outcome: Option<Outcome>, first: Option<Outcome>) -> Told {
    let receipt = Receipt { inbox_sequence: 41, sent_times };
    Told { number: 7, line: 9, what: Ok(Settled { receipt, outcome, first }) }
}

fn event() -> Outcome {
    let (context, aggregate, name) = ("run".to_owned(), "acme/shop".to_owned(), "noted".to_owned());
    Outcome::Event { sequence: 5, id: Uuid::nil(), context, aggregate, name }
}

fn line(told: &Told) -> String {
    told.line(Ink::none()).unwrap_or_default()
}

#[test]
fn a_plain_event_has_no_line() {
    assert_eq!(line(&told(1, Some(event()), None)), "");
    assert_eq!(
        line(&told(2, Some(event()), None)),
        "",
        "the copy that was not stored leaves no trace"
    );
}

#[test]
fn a_dead_letter_says_why_and_what_to_do_and_cannot_steer_the_terminal() {
    let outcome = Outcome::DeadLetter {
        dead_sequence: 3,
        reason: "not_json".into(),
        detail: "expected value\u{1b}[2J".into(),
        hint: "publish JSON".into(),
    };
    assert_eq!(
        line(&told(1, Some(outcome), None)),
        "event 7 (line 9), INBOX 41: dead letter (not_json): expected value\\u{1b}[2J\n  publish JSON\n"
    );
}

#[test]
fn what_was_sent_twice_counts_as_what_its_first_copy_became() {
    let twice = told(2, Some(Outcome::DuplicateOf { first_inbox_sequence: 40 }), Some(event()));
    assert_eq!(twice.word(), "event");
    assert_eq!(
        line(&twice),
        "event 7 (line 9), INBOX 41: sent 2 times because NATS did not answer, taken once (INBOX 40)\n"
    );
    let before = told(1, Some(Outcome::DuplicateOf { first_inbox_sequence: 4 }), None);
    assert_eq!(before.word(), "duplicate of");
    assert_eq!(line(&before), "event 7 (line 9), INBOX 41: duplicate of INBOX 4\n");
}

#[test]
fn what_is_unknown_is_said_to_be() {
    let unknown = told(1, None, None);
    assert!(line(&unknown).contains("unknown yet: it lies in INBOX"));
    assert_eq!(
        unknown.data(),
        json!({"number": 7, "line": 9, "inbox_sequence": 41, "sent_times": 1, "outcome": "unknown_yet"})
    );
}

#[test]
fn an_outcome_is_data_under_its_own_word() {
    let data = told(1, Some(event()), None).data();
    assert_eq!(
        (&data["outcome"], &data["sequence"], &data["name"]),
        (&json!("event"), &json!(5), &json!("noted"))
    );
    let large = Told { number: 1, line: 1, what: Err(Failure::too_large(9_000_000)) };
    assert_eq!(large.data()["outcome"], "not_taken");
    assert!(line(&large).starts_with("event 1 (line 1): not taken: 9000000 bytes"));
}
