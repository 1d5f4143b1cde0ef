//! Rounds of an approval, event by event.

use helmstream_schemas::{
    Actor, ActorKind, Hash, Id,
    approval::{Expired, Reminded, Renewed, Requested},
    run::{Phase, Place},
};

use super::*;

fn gate() -> Gate {
    let place = Place { phase: Some(Phase::Release), ..Place::default() };
    Gate { run: Id::new("acme/shop-42").unwrap(), place }
}

fn asked(shown: &str) -> Asked {
    let by = Actor { id: "faber".into(), kind: ActorKind::Service };
    Asked {
        shown: Hash::of(shown.as_bytes()),
        message: Some(shown.into()),
        by,
        at: Timestamp::from_nanos(1),
        number: None,
    }
}

fn requested(round: u32) -> ApprovalEvent {
    ApprovalEvent::Requested(Requested {
        round,
        gate: gate(),
        asked: asked("first"),
        remind_at: Timestamp::from_nanos(5),
        expires_at: Timestamp::from_nanos(9),
    })
}

fn answered(round: u32) -> Answered {
    Answered {
        round,
        gate: gate(),
        shown: Hash::of(b"first"),
        by: Actor { id: "operator".into(), kind: ActorKind::Human },
        at: Timestamp::from_nanos(7),
        reason: Some("looks good".into()),
    }
}

fn folded(events: Vec<ApprovalEvent>) -> ApprovalView {
    let mut view = ApprovalView::default();
    for (index, event) in events.into_iter().enumerate() {
        assert!(view.fold(index as u64 + 1, event.clone()));
        assert!(!view.fold(index as u64 + 1, event), "the same event again changes nothing");
    }
    view
}

#[test]
fn a_round_goes_from_open_to_how_it_was_closed() {
    let expired = Expired { round: 1, gate: gate(), due_at: Timestamp::from_nanos(9) };
    let closes = [
        (ApprovalEvent::Granted(answered(1)), Standing::Granted),
        (ApprovalEvent::Denied(answered(1)), Standing::Denied),
        (ApprovalEvent::Withdrawn(answered(1)), Standing::Withdrawn),
        (ApprovalEvent::Expired(expired), Standing::Expired),
    ];
    for (close, standing) in closes {
        assert_eq!(folded(vec![requested(1)]).standing(), Standing::Open);
        assert_eq!(folded(vec![requested(1), close]).standing(), standing);
    }
}

#[test]
fn what_was_shown_before_is_kept_beside_what_is_shown() {
    let renewed = ApprovalEvent::Renewed(Renewed { round: 1, asked: asked("second") });
    let reminded = Reminded { round: 1, expires_at: Timestamp::from_nanos(9) };
    let view = folded(vec![requested(1), renewed, ApprovalEvent::Reminded(reminded)]);
    let round = &view.rounds[0];
    assert_eq!(round.asked.message.as_deref(), Some("second"));
    assert_eq!(round.earlier, [asked("first")]);
    assert!(round.reminded);
}

#[test]
fn a_second_round_opens_it_again_and_moves_it_to_the_top_of_the_list() {
    let view = folded(vec![requested(1), ApprovalEvent::Denied(answered(1)), requested(2)]);
    assert_eq!((view.standing(), view.rounds.len(), view.asked_seq), (Standing::Open, 2, 3));
    assert_eq!(view.rounds[0].answered, Some(answered(1)));
}
