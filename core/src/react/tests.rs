//! Crossings: given an event here, then these commands there, and the same again for the same event.

use helmstream_schemas::{
    approval::{Answered, Expired, Gate, Renewed, Requested},
    run::{ApprovalAsked, Noted, Phase, Place, Reported},
};

use super::*;

fn at(second: i64) -> helmstream_schemas::Timestamp {
    helmstream_schemas::Timestamp::from_nanos((1_760_000_000 + second) * 1_000_000_000)
}

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

pub(super) fn record<W: serde::Serialize>(context: Context, aggregate: &str, word: &W) -> Record {
    let (name, payload) = words::encode(word);
    let mut attributes = helmstream_schemas::Attributes::default();
    attributes.set(ce::ID, derived_id(&["event", aggregate, &name]).to_string());
    attributes.set(ce::TYPE, ce::Kind::first(context, name).to_string());
    attributes.set(ce::ACTOR, "faber");
    attributes.set(ce::ACTORKIND, "service");
    attributes.set(ce::CORRELATIONID, "acme/shop-42");
    attributes.set(ce::TRACEPARENT, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
    Record {
        stream: "EVENTS".into(),
        subject: Subject::Event { context, id: id(aggregate) }.to_string(),
        sequence: 7,
        recorded_at: at(9),
        attributes,
        payload,
    }
}

pub(super) fn claim(number: u64, word: &str) -> Claim {
    Claim {
        number,
        word: word.into(),
        content: Hash::of(b"content"),
        claimed_at: Some(at(1)),
        claimed_text: None,
        received_at: at(2),
        ahead_ms: None,
        person: None,
        status: None,
        message: Some("ready to release".into()),
        duration_ms: None,
        artifacts: vec![],
        rest: Default::default(),
        removed: vec![],
    }
}

fn release() -> Place {
    Place { phase: Some(Phase::Release), ..Place::default() }
}

fn asked(claim: Claim, young: bool) -> Record {
    let stalls_at = young.then(|| at(1_800));
    let told = Reported { claim, stalls_at, fact: ApprovalAsked { gate: release() } };
    record(Context::Run, "acme/shop-42", &RunEvent::ApprovalAsked(told))
}

fn request(event: &Record) -> approval::Request {
    let commands = react_run_to_approval(event).unwrap();
    let [command] = &commands[..] else { panic!("{commands:?}") };
    assert_eq!(command.subject().to_string(), "cmd.approval.request.acme/shop-42@release");
    match words::decode(&command.name, &command.payload).unwrap() {
        ApprovalCommand::Request(request) => *request,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_gate_at_which_a_run_asks_is_asked_of_people() {
    let request = request(&asked(claim(20, "approval_request"), true));
    assert_eq!(request.gate, Gate { run: id("acme/shop-42"), place: release() });
    assert_eq!((request.asked.number, request.asked.at), (Some(20), at(2)));
    assert_eq!(request.asked.message.as_deref(), Some("ready to release"));
    assert_eq!(request.asked.by, Actor { id: "faber".into(), kind: ActorKind::Service });
}

#[test]
fn nobody_is_asked_about_an_old_import_or_about_anything_else() {
    assert_eq!(react_run_to_approval(&asked(claim(20, "x"), false)).unwrap(), []);
    let told =
        Reported { claim: claim(1, "x"), stalls_at: Some(at(9)), fact: Noted { place: release() } };
    let noted = record(Context::Run, "acme/shop-42", &RunEvent::Noted(told));
    assert_eq!(react_run_to_approval(&noted).unwrap(), []);
}

#[test]
fn what_is_shown_is_the_same_whenever_it_is_asked_and_another_if_it_says_something_else() {
    let first = request(&asked(claim(20, "approval_request"), true)).asked.shown;
    let mut again = claim(31, "approval_request");
    again.received_at = at(50);
    again.claimed_at = Some(at(49));
    assert_eq!(request(&asked(again, true)).asked.shown, first);
    let mut other = claim(20, "approval_request");
    other.message = Some("ready to release, and two more changes".into());
    assert_ne!(request(&asked(other, true)).asked.shown, first);
}

#[test]
fn reacting_twice_asks_once_and_the_command_says_what_caused_it() {
    let event = asked(claim(20, "approval_request"), true);
    let (once, twice) =
        (react_run_to_approval(&event).unwrap(), react_run_to_approval(&event).unwrap());
    assert_eq!(once, twice);
    let attributes = &once[0].attributes;
    assert_eq!(attributes.get(ce::CAUSATIONID), event.attributes.get(ce::ID));
    assert_eq!(attributes.get(ce::CORRELATIONID), Some("acme/shop-42"));
    assert_eq!(attributes.get(ce::TRACEPARENT), event.attributes.get(ce::TRACEPARENT));
    assert_eq!(attributes.get(ce::ACTOR), Some("service:approval"));
}

fn gate() -> Gate {
    Gate { run: id("acme/shop-42"), place: release() }
}

fn answered() -> Answered {
    Answered {
        round: 1,
        gate: gate(),
        shown: Hash::of(b"shown"),
        by: Actor { id: "operator".into(), kind: ActorKind::Human },
        at: at(5),
        reason: Some("seen".into()),
    }
}

#[test]
fn however_an_approval_is_closed_its_run_is_told() {
    let expired = Expired { round: 1, gate: gate(), due_at: at(6) };
    let closes = [
        (ApprovalEvent::Granted(answered()), Settled::Granted),
        (ApprovalEvent::Denied(answered()), Settled::Denied),
        (ApprovalEvent::Withdrawn(answered()), Settled::Withdrawn),
        (ApprovalEvent::Expired(expired), Settled::Expired),
    ];
    for (event, outcome) in closes {
        let event = record(Context::Approval, "acme/shop-42@release", &event);
        let commands = react_approval_to_run(&event).unwrap();
        let [command] = &commands[..] else { panic!("{commands:?}") };
        assert_eq!(command.subject().to_string(), "cmd.run.settle.acme/shop-42");
        let RunCommand::Settle(settle) = words::decode(&command.name, &command.payload).unwrap()
        else {
            panic!("{command:?}")
        };
        assert_eq!((settle.outcome, settle.gate), (outcome, release()));
        assert_eq!(settle.approval, id("acme/shop-42@release"));
        match outcome {
            Settled::Expired => assert_eq!((settle.by, settle.at), (None, at(6))),
            _ => {
                assert_eq!((settle.by, settle.at), (Some(answered().by), at(5)));
                assert_eq!(settle.reason.as_deref(), Some("seen"));
            }
        }
    }
}

#[test]
fn a_run_is_not_told_of_what_closes_nothing() {
    let asked = approval::Asked {
        shown: Hash::of(b"shown"),
        message: None,
        by: answered().by,
        at: at(1),
        number: None,
    };
    let requested = Requested {
        round: 1,
        gate: gate(),
        asked: asked.clone(),
        remind_at: at(3),
        expires_at: at(4),
    };
    let events = [
        ApprovalEvent::Requested(requested),
        ApprovalEvent::Renewed(Renewed { round: 1, asked }),
        ApprovalEvent::Reminded(approval::Reminded { round: 1, expires_at: at(4) }),
    ];
    for event in events {
        let event = record(Context::Approval, "acme/shop-42@release", &event);
        assert_eq!(react_approval_to_run(&event).unwrap(), []);
    }
}

#[test]
fn a_refusal_calls_for_nothing_and_what_cannot_be_read_is_an_error() {
    let mut refused = asked(claim(1, "x"), true);
    refused.attributes.set(ce::TYPE, "helmstream.run.command_refused.v1");
    assert_eq!(react_run_to_approval(&refused).unwrap(), []);
    let mut unknown = asked(claim(1, "x"), true);
    unknown.attributes.set(ce::TYPE, "helmstream.run.turned_green.v1");
    assert!(matches!(react_run_to_approval(&unknown), Err(NotReadable::Word(_))));
    unknown.subject = "cmd.run.report.a".into();
    assert!(matches!(react_run_to_approval(&unknown), Err(NotReadable::Subject(_))));
}
