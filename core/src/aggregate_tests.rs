//! What every context gets from `Aggregate`, shown on a counter: one outcome a command, for ever.

use helmstream_schemas::ActorKind;

use super::*;
use crate::NewCommand;

#[derive(Debug, Clone)]
pub(super) struct Counter;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ask {
    Add(u32),
    Open(u32),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Happened {
    Added(u32),
    Opened(u32),
}

#[derive(Debug, thiserror::Error)]
#[error("the counter is closed")]
pub(super) struct Closed;

impl Rejection for Closed {
    fn reason(&self) -> &'static str {
        "closed"
    }
}

/// Takes numbers once it is open; zero changes nothing; seven counts twice.
impl Decider for Counter {
    const CONTEXT: Context = Context::Run;
    const STATE_VERSION: u32 = 1;
    type State = (bool, u32);
    type Command = Ask;
    type Event = Happened;
    type Rejection = Closed;

    fn decide(state: &(bool, u32), command: Ask) -> Result<Vec<Happened>, Closed> {
        match command {
            Ask::Open(by) => Ok(vec![Happened::Opened(by)]),
            Ask::Add(_) if !state.0 => Err(Closed),
            Ask::Add(0) => Ok(vec![]),
            Ask::Add(7) => Ok(vec![Happened::Added(7), Happened::Added(7)]),
            Ask::Add(n) => Ok(vec![Happened::Added(n)]),
        }
    }

    fn evolve(state: (bool, u32), event: &Happened) -> (bool, u32) {
        match event {
            Happened::Opened(_) => (true, state.1),
            Happened::Added(n) => (state.0, state.1 + n),
        }
    }
}

pub(super) fn id() -> Id {
    Id::new("a").unwrap()
}

pub(super) fn command(n: u128, name: &str, payload: &str) -> Record {
    let command = NewCommand::new(
        (Context::Run, name, id()),
        Uuid::from_u128(n),
        "/test",
        ("tester", ActorKind::Human),
        payload.into(),
    );
    Record {
        stream: "COMMANDS".into(),
        subject: command.subject().to_string(),
        sequence: n as u64,
        recorded_at: Timestamp::from_nanos(n as i64),
        attributes: command.attributes,
        payload: command.payload,
    }
}

#[test]
fn an_own_append_folds_as_the_stored_record_does_but_for_the_hash() {
    let mut appended = Aggregate::<Counter>::default();
    let mut loaded = appended.clone();
    // Refused, one event, two events, unreadable.
    let asked = [(1, "add", "5"), (2, "open", "1"), (3, "add", "7"), (4, "add", "\"x\"")];
    for (n, name, payload) in asked {
        let mut command = command(n, name, payload);
        command.attributes.set(ce::RECEIVEDTIME, format!("2026-02-01T00:00:0{n}.5Z"));
        let (decision, aheads) = appended.decide_ahead(&id(), &command).unwrap();
        let (_, late) = appended.decide_ahead(&id(), &command).unwrap();
        let Decision::Append(events) = decision else { panic!("not decided") };
        assert_eq!(events.len(), aheads.len());
        for (record, ahead) in append(&mut loaded, events).iter().zip(aheads) {
            appended.apply_appended(ahead, record.sequence).unwrap();
        }
        for late in late {
            let late = appended.apply_appended(late, appended.revision);
            assert!(matches!(late, Err(FoldError::Backwards { .. })));
        }
        assert_eq!(appended.last_hash, None);
        assert_eq!(
            (appended.state, appended.revision, appended.length),
            (loaded.state, loaded.revision, loaded.length)
        );
        assert_eq!(appended.causes, loaded.causes);
    }
}

/// Stores what was decided, as the stream would.
pub(super) fn append(counter: &mut Aggregate<Counter>, events: Vec<NewEvent>) -> Vec<Record> {
    let records = events.into_iter().map(|event| {
        let record = Record {
            stream: "EVENTS".into(),
            subject: event.subject.to_string(),
            sequence: counter.revision + 10,
            recorded_at: Timestamp::from_nanos(1),
            attributes: event.attributes,
            payload: event.payload,
        };
        counter.apply(&record).unwrap();
        record
    });
    records.collect()
}

fn decide(counter: &mut Aggregate<Counter>, command: &Record) -> Decision {
    let decision = counter.decide(&id(), command).unwrap();
    if let Decision::Append(events) = &decision {
        append(counter, events.clone());
    }
    decision
}

/// Take the refusal out of `Causes` to see this red.
#[test]
fn a_refused_command_stays_refused_when_the_state_would_allow_it() {
    let mut counter = Aggregate::<Counter>::default();
    let add = command(1, "add", "5");
    assert!(matches!(decide(&mut counter, &add), Decision::Append(_)));
    decide(&mut counter, &command(2, "open", "1"));
    let Decision::Known(cause) = decide(&mut counter, &add) else {
        panic!("decided again");
    };
    let refusal = ("closed".into(), "the counter is closed".into());
    assert_eq!(cause.refusal.as_deref(), Some(&refusal));
    assert_eq!(counter.state, (true, 0));
}

#[test]
fn a_redelivered_command_is_known_with_its_last_event() {
    let mut counter = Aggregate::<Counter>::default();
    decide(&mut counter, &command(1, "open", "1"));
    let seven = command(2, "add", "7");
    decide(&mut counter, &seven);
    assert_eq!(counter.state, (true, 14));
    let Decision::Known(cause) = decide(&mut counter, &seven) else {
        panic!("decided again");
    };
    assert_eq!(cause.sequence, counter.revision);
    assert_eq!(cause.event_id, event_id(Uuid::from_u128(2), 1));
    assert_eq!(counter.length, 3);
}

#[test]
fn what_changes_nothing_leaves_no_event() {
    let mut counter = Aggregate::<Counter>::default();
    decide(&mut counter, &command(1, "open", "1"));
    assert_eq!(decide(&mut counter, &command(2, "add", "0")), Decision::Unchanged);
    assert_eq!(counter.length, 1);
}

#[test]
fn a_command_that_cannot_be_read_is_refused_not_skipped() {
    let mut counter = Aggregate::<Counter>::default();
    for (n, name, payload) in [(1, "add", "\"x\""), (2, "open", "{}"), (3, "add", "{")] {
        decide(&mut counter, &command(n, name, payload));
        let cause = counter.causes.find(Uuid::from_u128(n)).unwrap();
        assert_eq!(cause.refusal.as_ref().unwrap().0, "unreadable");
    }
}

#[test]
fn a_command_of_a_newer_version_is_left_to_that_and_not_refused() {
    let counter = Aggregate::<Counter>::default();
    let id = Id::new("c").unwrap();
    let mut later = command(2, "add", "1");
    later.attributes.set(ce::TYPE, "helmstream.run.add.v2");
    for newer in [command(1, "multiply", "1"), later] {
        let error = counter.decide(&id, &newer).unwrap_err();
        assert!(matches!(error, CommandError::Newer { .. }), "{error}");
    }
}

#[test]
fn an_event_of_a_newer_version_is_told_from_one_that_is_broken() {
    let mut log = Aggregate::<Counter>::default();
    let Decision::Append(events) =
        log.decide(&Id::new("c").unwrap(), &command(1, "open", "1")).unwrap()
    else {
        panic!("it opens")
    };
    let stored = |kind: &str, payload: &str| {
        let mut attributes = events[0].attributes.clone();
        attributes.set(ce::TYPE, kind);
        Record {
            stream: "EVENTS".into(),
            subject: events[0].subject.to_string(),
            sequence: 1,
            recorded_at: Timestamp::from_nanos(0),
            attributes,
            payload: payload.into(),
        }
    };
    for (kind, payload, is_newer) in [
        ("helmstream.run.multiplied.v1", "1", true),
        ("helmstream.run.opened.v2", "1", true),
        ("helmstream.run.opened.v1", "\"x\"", false),
        ("helmstream.run.opened.v1", "{", false),
    ] {
        let error = log.apply(&stored(kind, payload)).unwrap_err();
        assert_eq!(error.is_newer(), is_newer, "{kind} {payload}: {error}");
        assert_eq!((log.revision, log.length), (0, 0), "nothing of it is folded");
    }
}

#[test]
fn a_command_from_before_what_is_remembered_is_stale() {
    let mut counter = Aggregate::<Counter>::default();
    let mut late = command(1, "open", "1");
    late.attributes.set(ce::RECEIVEDTIME, "2026-01-01T00:00:00Z");
    decide(&mut counter, &late);
    let mut newer = command(2, "open", "1");
    newer.attributes.set(ce::RECEIVEDTIME, "2026-02-01T00:00:00Z");
    decide(&mut counter, &newer);
    decide(&mut counter, &late);
    let cause = counter.causes.find(Uuid::from_u128(1)).unwrap();
    assert_eq!(cause.refusal.as_ref().unwrap().0, "stale");
    let refusals = counter.length;
    assert!(matches!(decide(&mut counter, &late), Decision::Known(_)), "and stale only once");
    assert_eq!(counter.length, refusals);
}

#[test]
fn an_event_says_what_caused_it() {
    let counter = Aggregate::<Counter>::default();
    let mut asked = command(4, "open", "1");
    asked.attributes.set(ce::TIME, "2026-01-01T00:00:00Z");
    asked.attributes.set(ce::TRACEPARENT, "00-aa-bb-01");
    let Decision::Append(events) = counter.decide(&id(), &asked).unwrap() else {
        panic!("not decided");
    };
    let attributes = &events[0].attributes;
    assert_eq!(attributes.get(ce::CAUSATIONID), Some(Uuid::from_u128(4).to_string().as_str()));
    assert_eq!(attributes.hash(ce::CAUSATIONHASH), Ok(Hash::of_record(&asked)));
    assert_eq!(attributes.get(ce::TIME), Some("2026-01-01T00:00:00Z"));
    assert_eq!(attributes.get(ce::TRACEPARENT), Some("00-aa-bb-01"));
    assert_eq!(attributes.get(ce::ACTOR), Some("tester"));
    assert_eq!(attributes.get(ce::ACTORKIND), Some("human"));
    assert_eq!(attributes.get(ce::TYPE), Some("helmstream.run.opened.v1"));
    assert_eq!(events[0].subject.to_string(), "evt.run.a");
}

#[test]
fn a_record_is_folded_once_and_an_unknown_one_not_at_all() {
    let mut counter = Aggregate::<Counter>::default();
    let Decision::Append(events) = counter.decide(&id(), &command(1, "open", "1")).unwrap() else {
        panic!("not decided");
    };
    let records = append(&mut counter, events);
    assert_eq!(counter.last_hash, Some(Hash::of_record(&records[0])));
    assert!(matches!(counter.apply(&records[0]), Err(FoldError::Backwards { .. })));
    let mut unknown = records[0].clone();
    unknown.sequence += 1;
    unknown.attributes.set(ce::TYPE, "helmstream.run.unheard_of.v1");
    assert!(matches!(counter.apply(&unknown), Err(FoldError::Word { .. })));
    assert_eq!(counter.length, 1);
}

#[test]
fn an_aggregate_reads_back_from_its_snapshot() {
    let mut counter = Aggregate::<Counter>::default();
    decide(&mut counter, &command(1, "open", "1"));
    decide(&mut counter, &command(2, "add", "3"));
    let text = serde_json::to_vec(&counter).unwrap();
    let back: Aggregate<Counter> = serde_json::from_slice(&text).unwrap();
    assert_eq!(
        (back.state, back.revision, back.last_hash),
        (counter.state, counter.revision, counter.last_hash)
    );
    assert_eq!(back.causes, counter.causes);
}
