//! Given what was asked, when somebody answers or the time is over, then exactly one thing closes it.

use helmstream_schemas::{
    Id,
    run::{Phase, Place},
    words,
};
use proptest::prelude::*;

use super::*;

const SECOND: i64 = 1_000_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_nanos(1_760_000_000 * SECOND + second * SECOND)
}

fn gate(place: Place) -> Gate {
    Gate { run: Id::new("acme/shop-42").unwrap(), place }
}

fn release() -> Place {
    Place { phase: Some(Phase::Release), ..Place::default() }
}

fn by(id: &str, kind: ActorKind) -> Actor {
    Actor { id: id.into(), kind }
}

fn asked(second: i64, shown: &str) -> Asked {
    Asked {
        shown: Hash::of(shown.as_bytes()),
        message: None,
        by: by("faber", ActorKind::Service),
        at: at(second),
        number: Some(second as u64),
    }
}

/// Open for 100 seconds.
fn request(second: i64, shown: &str) -> ApprovalCommand {
    let asked = asked(second, shown);
    ApprovalCommand::Request(Box::new(Request {
        gate: gate(release()),
        asked,
        open_for_ms: 100_000,
    }))
}

fn answer(second: i64, who: &str, kind: ActorKind) -> Answer {
    Answer { by: by(who, kind), at: at(second), reason: None, shown: None }
}

fn grant(second: i64) -> ApprovalCommand {
    ApprovalCommand::Grant(answer(second, "dana", ActorKind::Human))
}

fn deny(second: i64) -> ApprovalCommand {
    ApprovalCommand::Deny(answer(second, "dana", ActorKind::Human))
}

fn withdraw(second: i64, who: &str, kind: ActorKind) -> ApprovalCommand {
    ApprovalCommand::Withdraw(answer(second, who, kind))
}

fn expire(second: i64) -> ApprovalCommand {
    ApprovalCommand::Expire(Due { fired_at: at(second) })
}

fn remind(second: i64) -> ApprovalCommand {
    ApprovalCommand::Remind(Due { fired_at: at(second) })
}

/// What came of each command: names of events, `unchanged`, or the reason of the refusal.
fn told(commands: impl IntoIterator<Item = ApprovalCommand>) -> Vec<String> {
    run(commands).1
}

fn run(commands: impl IntoIterator<Item = ApprovalCommand>) -> (ApprovalState, Vec<String>) {
    let (mut state, mut told) = (ApprovalState::default(), Vec::new());
    for command in commands {
        match Approval::decide(&state, command) {
            Ok(events) if events.is_empty() => told.push("unchanged".into()),
            Ok(events) => {
                told.extend(events.iter().map(|event| words::encode(event).0));
                state = events.iter().fold(state, Approval::evolve);
            }
            Err(rejection) => told.push(rejection.reason().into()),
        }
    }
    (state, told)
}

#[test]
fn whoever_comes_first_closes_it_and_the_others_come_too_late() {
    assert_eq!(
        told([request(0, "a"), grant(1), expire(100)]),
        ["requested", "granted", "unchanged"]
    );
    assert_eq!(told([request(0, "a"), expire(100), grant(99)]), ["requested", "expired", "closed"]);
    assert_eq!(told([request(0, "a"), deny(1), grant(2)]), ["requested", "denied", "closed"]);
    assert_eq!(told([request(0, "a"), grant(1), deny(2)]), ["requested", "granted", "closed"]);
    let faber = |second| withdraw(second, "faber", ActorKind::Service);
    assert_eq!(told([request(0, "a"), faber(1), grant(2)]), ["requested", "withdrawn", "closed"]);
    assert_eq!(told([request(0, "a"), grant(1), faber(2)]), ["requested", "granted", "closed"]);
}

#[test]
fn closed_in_the_same_way_twice_is_closed_once() {
    assert_eq!(told([request(0, "a"), grant(1), grant(2)]), ["requested", "granted", "unchanged"]);
    assert_eq!(told([request(0, "a"), deny(1), deny(2)]), ["requested", "denied", "unchanged"]);
    assert_eq!(told([request(0, "a"), expire(100), expire(101)])[2], "unchanged");
    let dana = |second| withdraw(second, "dana", ActorKind::Human);
    assert_eq!(told([request(0, "a"), dana(1), dana(2)])[2], "unchanged");
}

#[test]
fn the_time_ends_exactly_when_it_ends() {
    assert_eq!(
        told([request(0, "a"), expire(99), grant(99)]),
        ["requested", "unchanged", "granted"]
    );
    assert_eq!(told([request(0, "a"), grant(100)]), ["requested", "too_late"]);
}

#[test]
fn only_people_answer_and_never_a_question_of_their_own() {
    for kind in [ActorKind::Agent, ActorKind::Service] {
        let answers = [
            request(0, "a"),
            ApprovalCommand::Grant(answer(1, "helper", kind)),
            ApprovalCommand::Deny(answer(1, "helper", kind)),
            withdraw(1, "helper", kind),
        ];
        assert_eq!(told(answers)[1..], ["not_a_person", "not_a_person", "not_the_asker"]);
    }
    let mut own = asked(0, "a");
    own.by = by("dana", ActorKind::Human);
    let own = Request { gate: gate(release()), asked: own, open_for_ms: 100_000 };
    assert_eq!(
        told([
            ApprovalCommand::Request(Box::new(own)),
            grant(1),
            withdraw(2, "dana", ActorKind::Human)
        ]),
        ["requested", "own_question", "withdrawn"]
    );
}

#[test]
fn nobody_answers_what_was_never_asked() {
    let dana = withdraw(1, "dana", ActorKind::Human);
    assert_eq!(told([grant(1), deny(1), dana]), ["never_asked"; 3]);
    assert_eq!(told([expire(100), remind(100)]), ["unchanged"; 2]);
}

#[test]
fn an_answer_about_something_else_than_what_is_shown_by_now_does_not_count() {
    let about = |shown: &str| {
        let mut answer = answer(9, "dana", ActorKind::Human);
        answer.shown = Some(Hash::of(shown.as_bytes()));
        ApprovalCommand::Grant(answer)
    };
    assert_eq!(
        told([request(0, "a"), request(5, "b"), about("a"), about("b")]),
        ["requested", "renewed", "changed", "granted"]
    );
}

#[test]
fn the_same_question_again_changes_nothing_and_an_older_one_does_not_bring_back_what_was_shown() {
    assert_eq!(told([request(0, "a"), request(5, "a")]), ["requested", "unchanged"]);
    assert_eq!(told([request(5, "b"), request(0, "a")]), ["requested", "unchanged"]);
}

#[test]
fn asked_anew_after_it_was_closed_it_is_another_round() {
    let (state, told) = run([request(0, "a"), expire(100), request(200, "a")]);
    assert_eq!(told, ["requested", "expired", "requested"]);
    let round = state.round.unwrap();
    assert_eq!((round.number, round.expires_at, round.closed), (2, at(300), None));
}

#[test]
fn what_was_asked_before_it_was_closed_and_comes_after_is_no_other_round() {
    assert_eq!(told([request(5, "a"), grant(9), request(7, "b")])[2], "unchanged", "by its time");
    let mut late = asked(50, "b");
    late.number = Some(4);
    let late = Request { gate: gate(release()), asked: late, open_for_ms: 100_000 };
    let late = ApprovalCommand::Request(Box::new(late));
    assert_eq!(told([request(5, "a"), grant(9), late])[2], "unchanged", "by its number");
}

#[test]
fn a_question_stands_open_for_a_bounded_time_and_at_one_gate() {
    let open_for = |open_for_ms| {
        let request = Request { gate: gate(release()), asked: asked(0, "a"), open_for_ms };
        told([ApprovalCommand::Request(Box::new(request))]).remove(0)
    };
    let most = APPROVAL_OPEN_MAX.as_millis() as u64;
    assert_eq!([open_for(999), open_for(1_000)], ["open_for", "requested"]);
    assert_eq!([open_for(most), open_for(most + 1)], ["requested", "open_for"]);
    let elsewhere = Place { step: Some("merge".into()), ..release() };
    let other = Request { gate: gate(elsewhere), asked: asked(1, "a"), open_for_ms: 100_000 };
    assert_eq!(told([request(0, "a"), ApprovalCommand::Request(Box::new(other))])[1], "other_gate");
}

#[test]
fn a_reminder_comes_once_when_a_quarter_of_the_time_is_left() {
    let purposes = |state: &ApprovalState| {
        Approval::deadlines(state).iter().map(|d| (d.purpose, d.at)).collect::<Vec<_>>()
    };
    let (state, _) = run([request(0, "a")]);
    assert_eq!(purposes(&state), [(EXPIRE, at(100)), (REMIND, at(75))]);
    let (state, told) = run([request(0, "a"), remind(74), remind(75), remind(76)]);
    assert_eq!(told, ["requested", "unchanged", "reminded", "unchanged"]);
    assert_eq!(purposes(&state), [(EXPIRE, at(100))]);
    assert_eq!(purposes(&run([request(0, "a"), grant(1)]).0), []);
    assert_eq!(self::told([request(0, "a"), grant(1), remind(75)])[2], "unchanged");
}

#[test]
fn every_deadline_gives_a_command_that_is_read_back() {
    for purpose in Approval::deadline_purposes() {
        let (name, payload) = Approval::on_due(purpose, at(3)).expect("a command");
        let read: ApprovalCommand = words::decode(name, &payload).expect("its own word");
        let due = Due { fired_at: at(3) };
        assert!(
            read == ApprovalCommand::Expire(due.clone()) || read == ApprovalCommand::Remind(due)
        );
    }
    assert_eq!(Approval::on_due("grant", at(3)), None);
}

#[test]
fn an_approval_is_called_by_its_run_and_its_place() {
    let id = |place| approval_id(&gate(place));
    let text =
        |text: &str| Place { phase: Some(Phase::Other), phase_text: Some(text.into()), step: None };
    assert_eq!(id(release()), "acme/shop-42@release");
    assert_eq!(id(Place { step: Some("merge".into()), ..release() }), "acme/shop-42@release:merge");
    assert_eq!(id(text("ship")), "acme/shop-42@ship");
    assert_eq!(id(Place::default()), "acme/shop-42@run");
    for (phase, word) in [
        (Phase::Frame, "frame"),
        (Phase::Architect, "architect"),
        (Phase::Build, "build"),
        (Phase::Evaluate, "evaluate"),
    ] {
        let place = Place { phase: Some(phase), ..Place::default() };
        assert_eq!(id(place), format!("acme/shop-42@{word}"));
    }
}

proptest! {
    /// Whatever is asked and answered in whatever order: a round is closed at most once.
    #[test]
    fn a_round_has_one_end(choices in prop::collection::vec((0..6u8, 0..250i64), 1..30)) {
        let commands = choices.into_iter().map(|(choice, second)| match choice {
            0 => request(second, "a"),
            1 => grant(second),
            2 => deny(second),
            3 => withdraw(second, "faber", ActorKind::Service),
            4 => remind(second),
            _ => expire(second),
        });
        let (_, told) = run(commands);
        let mut open = false;
        for word in told {
            match word.as_str() {
                "requested" => { prop_assert!(!open); open = true; }
                "granted" | "denied" | "withdrawn" | "expired" => { prop_assert!(open); open = false; }
                "reminded" | "renewed" => prop_assert!(open),
                _ => {}
            }
        }
    }
}
