//! What comes of a command that expects its aggregate at a revision: it is done there and nowhere
//! else, by whomever and in whatever order it is asked.

use helmstream_schemas::refusal::CHANGED_SINCE;
use proptest::prelude::*;

use super::{
    tests::{Counter, append, command, id},
    *,
};

type Counted = Aggregate<Counter>;

fn expecting(n: u128, name: &str, payload: &str, expected: Option<Expected>) -> Record {
    let mut command = command(n, name, payload);
    if let Some(expected) = expected {
        command.attributes.set(ce::EXPECTEDREVISION, expected.to_string());
    }
    command
}

/// What a writer comes to who may know less than the log: it decides on what it knows, is told by
/// the guard, and decides again on what is there. As in `settle`, a thing that is not appended is
/// looked up first.
fn settle(known: &Counted, log: &mut Counted, command: &Record) -> Decision {
    let decision = known.decide(&id(), command).expect("a command of ours");
    match decision {
        Decision::Append(events) if known.revision == log.revision => {
            append(log, events.clone());
            Decision::Append(events)
        }
        Decision::Known(cause) => Decision::Known(cause),
        _ => {
            let decision = log.decide(&id(), command).expect("a command of ours");
            if let Decision::Append(events) = &decision {
                append(log, events.clone());
            }
            decision
        }
    }
}

fn opened() -> Counted {
    let mut counter = Counted::default();
    settle(&counter.clone(), &mut counter, &command(1, "open", "1"));
    counter
}

fn refusal(counter: &Counted, n: u128) -> Option<(String, String)> {
    let cause = counter.causes.find(Uuid::from_u128(n)).expect("it was decided");
    cause.refusal.as_deref().cloned()
}

/// Take the look at what is expected out of `decide_ahead` to see this red.
#[test]
fn of_two_who_saw_the_same_revision_one_is_told_that_it_changed() {
    let mut log = opened();
    let (saw, seen) = (log.clone(), Some(Expected::from(log.revision)));
    settle(&saw, &mut log, &expecting(2, "add", "5", seen.clone()));
    settle(&saw, &mut log, &expecting(3, "add", "6", seen));
    assert_eq!(log.state, (true, 5));
    assert_eq!(refusal(&log, 2), None);
    let (reason, detail) = refusal(&log, 3).expect("it is refused");
    let now = log.revision - 10;
    assert_eq!(reason, CHANGED_SINCE);
    assert_eq!(detail, format!("it is at revision {now}, and {} was expected", saw.revision));
}

#[test]
fn asked_again_it_is_answered_as_the_first_time_although_it_changed_by_its_own_success() {
    let mut log = opened();
    let done = expecting(2, "add", "5", Some(Expected::from(log.revision)));
    settle(&log.clone(), &mut log, &done);
    let refused = expecting(3, "add", "5", Some(Expected::from(7)));
    settle(&log.clone(), &mut log, &refused);
    for (command, was_refused) in [(&done, false), (&refused, true)] {
        let before = log.length;
        let Decision::Known(cause) = settle(&log.clone(), &mut log, command) else {
            panic!("decided again")
        };
        assert_eq!((cause.refusal.is_some(), log.length), (was_refused, before));
    }
}

#[test]
fn what_is_not_there_is_not_expected_to_be_and_what_only_was_refused_is_not_there() {
    let mut log = Counted::default();
    settle(&log.clone(), &mut log, &expecting(1, "open", "1", Some(Expected::Any)));
    let there_is_none = refusal(&log, 1).expect("it is refused");
    assert_eq!(there_is_none, (CHANGED_SINCE.into(), "there is no such run yet".into()));
    assert!(log.revision > 0 && !log.exists());
    settle(&log.clone(), &mut log, &expecting(2, "open", "1", Some(Expected::Any)));
    assert!(refusal(&log, 2).is_some(), "a refusal does not make it");
    settle(&log.clone(), &mut log, &command(3, "open", "1"));
    settle(&log.clone(), &mut log, &expecting(4, "add", "5", Some(Expected::Any)));
    assert_eq!(log.state, (true, 5));
    let anew = expecting(5, "open", "1", Some(Expected::from(0)));
    settle(&log.clone(), &mut log, &anew);
    assert!(refusal(&log, 5).is_some(), "it is there already");
}

#[test]
fn what_would_change_nothing_is_refused_all_the_same_where_it_was_not_expected() {
    let mut log = opened();
    let other = Some(Expected::from(log.revision + 1));
    settle(&log.clone(), &mut log, &expecting(2, "add", "0", other));
    assert_eq!(refusal(&log, 2).map(|(reason, _)| reason).as_deref(), Some(CHANGED_SINCE));
    let right = Some(Expected::from(log.revision));
    let decision = settle(&log.clone(), &mut log, &expecting(3, "add", "0", right));
    assert_eq!(decision, Decision::Unchanged);
}

#[test]
fn an_expectation_that_cannot_be_read_is_refused_and_never_left_out() {
    let mut log = opened();
    let mut unreadable = command(2, "add", "5");
    unreadable.attributes.set(ce::EXPECTEDREVISION, "soon");
    settle(&log.clone(), &mut log, &unreadable);
    assert_eq!(refusal(&log, 2).map(|(reason, _)| reason).as_deref(), Some("unreadable"));
    assert_eq!(log.state, (true, 0));
}

/// Somebody asks something, on what it knew so many records ago, and perhaps expects a revision.
#[derive(Debug, Clone)]
struct Asks {
    adds: u32,
    knew_ago: usize,
    expects: Expects,
    again: bool,
}

#[derive(Debug, Clone)]
enum Expects {
    /// As a deadline does.
    Nothing,
    Any,
    /// What it knew.
    Known,
    /// What was so many records ago.
    Ago(Vec<usize>),
}

fn asks() -> impl Strategy<Value = Asks> {
    let ago = prop::collection::vec(0_usize..5, 1..3).prop_map(Expects::Ago);
    let expects =
        prop_oneof![Just(Expects::Nothing), Just(Expects::Any), Just(Expects::Known), ago];
    (0_u32..9, 0_usize..4, expects, any::<bool>())
        .prop_map(|(adds, knew_ago, expects, again)| Asks { adds, knew_ago, expects, again })
}

proptest! {
    #[test]
    fn it_is_done_where_it_was_expected_and_nowhere_else(all in prop::collection::vec(asks(), 1..40)) {
        let mut log = opened();
        // As it was after each record, as a cache somewhere may still have it.
        let mut were = vec![log.clone()];
        let mut asked: Vec<(Record, Vec<NewEvent>, Counted)> = Vec::new();
        for (n, asks) in all.into_iter().enumerate() {
            let ago = |ago: usize| &were[were.len().saturating_sub(ago + 1)];
            let knew = ago(asks.knew_ago).clone();
            let expected = match &asks.expects {
                Expects::Nothing => None,
                Expects::Any => Some(Expected::Any),
                Expects::Known => Some(Expected::from(knew.revision)),
                Expects::Ago(agos) => Expected::one_of(agos.iter().map(|n| ago(*n).revision)).ok(),
            };
            let n = n as u128 + 10;
            let command = expecting(n, "add", &asks.adds.to_string(), expected.clone());
            let before = log.clone();
            let decision = settle(&knew, &mut log, &command);
            let is_met = expected.is_none_or(|it| it.is_met(before.revision, before.exists()));
            match decision {
                Decision::Append(events) => {
                    let refused = refusal(&log, n);
                    prop_assert_eq!(refused.is_none(), is_met, "{:?}", refused);
                    let state = (true, before.state.1 + if is_met { sum(asks.adds) } else { 0 });
                    prop_assert_eq!(log.state, state);
                    asked.push((command.clone(), events, before));
                }
                Decision::Unchanged => prop_assert!(is_met && asks.adds == 0),
                Decision::Known(_) => prop_assert!(false, "it is asked for the first time"),
            }
            if log.revision > were.last().expect("the first").revision {
                were.push(log.clone());
            }
            if asks.again && log.causes.find(Uuid::from_u128(n)).is_some() {
                let before = (log.state, log.revision);
                let again = settle(&log.clone(), &mut log, &command);
                prop_assert!(matches!(again, Decision::Known(_)));
                prop_assert_eq!((log.state, log.revision), before);
            }
        }
        // Decided again on what was there then, each command gives the very same records.
        for (command, events, before) in asked {
            let again = before.decide(&id(), &command).expect("a command of ours");
            prop_assert_eq!(again, Decision::Append(events));
        }
    }
}

/// What a counter comes to by adding: seven counts twice.
fn sum(adds: u32) -> u32 {
    if adds == 7 { 14 } else { adds }
}
