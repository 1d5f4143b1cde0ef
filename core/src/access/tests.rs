//! What a holder of tokens takes and what it does not, command by command.

use std::{collections::BTreeSet, time::Duration};

use helmstream_schemas::words;
use proptest::prelude::*;

use super::*;

const DAY: Duration = Duration::from_hours(24);

fn day(number: u64) -> Timestamp {
    Timestamp::parse("2026-01-01T00:00:00Z").unwrap().plus(DAY * u32::try_from(number).unwrap())
}

fn actor(id: &str, kind: ActorKind) -> Actor {
    Actor { id: id.into(), kind }
}

fn token(id: u64, expires: u64) -> Token {
    Token {
        id: format!("t{id:011}"),
        actor: actor("dana", ActorKind::Human),
        label: "laptop".into(),
        role: Role::Publisher,
        scopes: BTreeSet::new(),
        expires_at: day(expires),
        sha256: form::digest(&id.to_string()),
    }
}

fn create_token(token: Token, at: u64) -> AccessCommand {
    let by = actor("operator", ActorKind::Human);
    AccessCommand::Create(Box::new(Create { token, by, at: day(at) }))
}

fn create(id: u64, at: u64, expires: u64) -> AccessCommand {
    create_token(token(id, expires), at)
}

fn revoke(id: u64, at: u64) -> AccessCommand {
    let by = actor("operator", ActorKind::Human);
    AccessCommand::Revoke(Revoke { id: token(id, 0).id, by, at: day(at), reason: None })
}

/// The names of the events, or the reason of the refusal, command after command.
fn told(commands: impl IntoIterator<Item = AccessCommand>) -> Vec<String> {
    let mut state = AccessState::default();
    let decided = commands.into_iter().map(|command| match Access::decide(&state, command) {
        Ok(events) if events.is_empty() => "unchanged".into(),
        Ok(events) => {
            state = events.iter().fold(std::mem::take(&mut state), Access::evolve);
            words::encode(&events[0]).0
        }
        Err(rejection) => rejection.reason().into(),
    });
    decided.collect()
}

#[test]
fn two_are_active_while_one_is_changed_for_another_and_never_a_third() {
    let commands = [
        create(1, 0, 90),
        create(2, 80, 170),
        create(3, 81, 171),
        revoke(1, 82),
        revoke(1, 83),
        create(3, 84, 171),
        revoke(9, 85),
    ];
    assert_eq!(
        told(commands),
        [
            "created",
            "created",
            "too_many_active",
            "revoked",
            "unchanged",
            "created",
            "no_such_token"
        ]
    );
}

#[test]
fn what_expired_makes_room_at_that_very_instant() {
    let commands = [create(1, 0, 10), create(2, 0, 10), create(3, 9, 20), create(3, 10, 20)];
    assert_eq!(told(commands), ["created", "created", "too_many_active", "created"]);
}

#[test]
fn an_id_is_never_used_twice_whatever_became_of_the_first() {
    let commands = [create(1, 0, 10), create(1, 0, 10), revoke(1, 1), create(1, 20, 30)];
    assert_eq!(told(commands), ["created", "id_taken", "revoked", "id_taken"]);
}

#[test]
fn a_token_ends_and_not_later_than_a_year_and_a_day() {
    let commands = [create(1, 5, 5), create(1, 5, 4), create(1, 5, 372), create(1, 5, 371)];
    let wanted = ["expires_in_the_past", "expires_in_the_past", "expires_too_late", "created"];
    assert_eq!(told(commands), wanted);
}

#[test]
fn an_agent_has_no_right_to_approve_or_administer_and_makes_no_tokens() {
    let of_agent = |role| {
        let actor = actor("claude", ActorKind::Agent);
        told([create_token(Token { actor, role, ..token(1, 9) }, 0)]).remove(0)
    };
    let wanted = ["created", "created", "created", "role_of_agent", "role_of_agent"];
    assert_eq!(Role::ALL.map(of_agent), wanted);
    let by = actor("claude", ActorKind::Agent);
    let created = Create { token: token(1, 9), by: by.clone(), at: day(0) };
    let revoked = Revoke { id: token(1, 9).id, by, at: day(0), reason: None };
    let commands =
        [AccessCommand::Create(Box::new(created)), create(1, 0, 9), AccessCommand::Revoke(revoked)];
    assert_eq!(told(commands), ["by_an_agent", "created", "by_an_agent"]);
}

#[test]
fn names_that_could_be_taken_for_something_else_are_refused() {
    let actors =
        ["", "a b", "a\u{0}", "dana\n", "d\u{e4}na", "\u{202e}", "\u{1b}[2J", &"x".repeat(129)];
    for id in actors {
        let token = Token { actor: actor(id, ActorKind::Human), ..token(1, 9) };
        assert_eq!(told([create_token(token, 0)]), ["bad_actor"], "{id:?}");
    }
    for id in ["helmstream/door", "service:run"] {
        let token = Token { actor: actor(id, ActorKind::Service), ..token(1, 9) };
        assert_eq!(told([create_token(token, 0)]), ["reserved"], "{id:?}");
    }
    for id in ["dana", "acme/ci", "person:0f", "a.*.>", "x'; DROP TABLE", "%2e", "$JS"] {
        let held = Token { actor: actor(id, ActorKind::Human), ..token(1, 9) };
        let wanted = if id.contains(' ') { "bad_actor" } else { "created" };
        assert_eq!(told([create_token(held, 0)]), [wanted], "{id:?}");
    }
    for label in ["", "a/b", "a b", "*", "\u{e4}", &"x".repeat(65)] {
        let token = Token { label: label.into(), ..token(1, 9) };
        assert_eq!(told([create_token(token, 0)]), ["bad_label"], "{label:?}");
    }
    for id in ["", "short", "abcdefghijk_", "abcdefghijk.", "abcdefghijklm"] {
        let token = Token { id: id.into(), ..token(1, 9) };
        assert_eq!(told([create_token(token, 0)]), ["bad_token_id"], "{id:?}");
    }
    let scopes = BTreeSet::from(["run".to_owned(), "everything".to_owned()]);
    assert_eq!(told([create_token(Token { scopes, ..token(1, 9) }, 0)]), ["unknown_scope"]);
}

#[test]
fn how_many_a_holder_can_have_had_has_a_bound() {
    let each = (0..=TOKENS_HELD_MAX as u64).flat_map(|id| [create(id, 0, 9), revoke(id, 0)]);
    let told = told(each);
    assert_eq!(told.iter().filter(|word| *word == "created").count(), TOKENS_HELD_MAX);
    assert!(told.ends_with(&["too_many_held".into(), "no_such_token".into()]));
}

proptest! {
    /// Whatever is asked, in whatever order.
    #[test]
    fn no_moment_has_more_than_two_active(asked in prop::collection::vec((0_u64..8, 0_u64..6, 1_u64..400, any::<bool>()), 0..60)) {
        let mut state = AccessState::default();
        let mut now = 0;
        for (id, later, lasts, is_revoke) in asked {
            now += later;
            let command = if is_revoke { revoke(id, now) } else { create(id, now, now + lasts) };
            let events = Access::decide(&state, command).unwrap_or_default();
            prop_assert!(events.len() <= 1);
            state = events.iter().fold(state, Access::evolve);
            let active = state.tokens.iter().filter(|held| !held.is_revoked && held.expires_at > day(now));
            prop_assert!(active.count() <= TOKENS_ACTIVE_MAX);
            let ids: BTreeSet<&str> = state.tokens.iter().map(|held| held.id.as_str()).collect();
            prop_assert_eq!(ids.len(), state.tokens.len());
        }
    }
}
