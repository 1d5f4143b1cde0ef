//! Decisions of the context `access`: who may come in by a token, and until when. The aggregate is
//! the holder, an actor and a label, and not the single token: that nobody holds more than two at a
//! time is then decided under one guard, however many are asked for at once. Tokens are checked by
//! `standing`, what they look like is in `form`.

pub mod form;
pub mod last_use;
pub mod principal;
pub mod standing;

use helmstream_schemas::{
    Actor, ActorKind, Context, Timestamp,
    access::{AccessCommand, AccessEvent, Create, Created, Revoke, Revoked, Role, Token},
};
use serde::{Deserialize, Serialize};

pub use self::{
    last_use::LastUse,
    principal::Principal,
    standing::{Denied, Holder, Standing},
};
use crate::{
    Decider, Rejection,
    limits::{
        ACTOR_BYTES_MAX, LABEL_BYTES_MAX, TOKEN_DAYS_MAX, TOKENS_ACTIVE_MAX, TOKENS_HELD_MAX,
    },
};

/// Decides holders of tokens.
#[derive(Debug, Clone)]
pub struct Access;

/// A holder, as far as decisions need it: every token it ever had, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AccessState {
    tokens: Vec<Held>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    id: String,
    expires_at: Timestamp,
    is_revoked: bool,
}

/// Why a holder does not take a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccessRejection {
    #[error("`{0}` is an agent; an agent lets nobody in and shuts nobody out")]
    ByAnAgent(String),
    #[error("an agent approves nothing and administers nothing, so it cannot have role `{0}`")]
    RoleOfAgent(&'static str),
    #[error("`{0}` is not the id of a token: 12 letters and digits")]
    Id(String),
    #[error(
        "`{0}` cannot be an actor: {ACTOR_BYTES_MAX} bytes at most, without spaces and what cannot be seen"
    )]
    Actor(String),
    #[error("`{0}` is kept for the plane itself")]
    Reserved(String),
    #[error(
        "`{0}` cannot be a label: {LABEL_BYTES_MAX} letters, digits, `-`, `_` and `.` at most, and one at least"
    )]
    Label(String),
    #[error("there is no context `{0}` to which rights could be limited")]
    Scope(String),
    #[error("it would expire {expires_at}, and it is {at}")]
    Past { expires_at: Timestamp, at: Timestamp },
    #[error("it would expire {0}; a token lasts {TOKEN_DAYS_MAX} days at most")]
    TooLong(Timestamp),
    #[error("there is a token `{0}` already; an id is never used for a second one")]
    IdTaken(String),
    #[error("{TOKENS_ACTIVE_MAX} tokens are active, as many as a change from one to another needs; revoke one first: {}", .0.join(", "))]
    TooManyActive(Vec<String>),
    #[error("it has had {TOKENS_HELD_MAX} tokens, as many as one holder can; take another label")]
    TooManyHeld,
    #[error("it never had a token `{0}`")]
    NoSuchToken(String),
}

impl Decider for Access {
    const CONTEXT: Context = Context::Access;
    const STATE_VERSION: u32 = 1;
    type State = AccessState;
    type Command = AccessCommand;
    type Event = AccessEvent;
    type Rejection = AccessRejection;

    fn decide(
        state: &AccessState,
        command: AccessCommand,
    ) -> Result<Vec<AccessEvent>, AccessRejection> {
        match command {
            AccessCommand::Create(create) => decide_create(state, *create),
            AccessCommand::Revoke(revoke) => decide_revoke(state, revoke),
        }
    }

    fn evolve(mut state: AccessState, event: &AccessEvent) -> AccessState {
        match event {
            AccessEvent::Created(created) => {
                let Token { id, expires_at, .. } = created.token.clone();
                state.tokens.push(Held { id, expires_at, is_revoked: false });
            }
            AccessEvent::Revoked(revoked) => {
                let held = state.tokens.iter_mut().filter(|held| held.id == revoked.id);
                held.for_each(|held| held.is_revoked = true);
            }
        }
        state
    }
}

impl Rejection for AccessRejection {
    fn reason(&self) -> &'static str {
        match self {
            Self::ByAnAgent(_) => "by_an_agent",
            Self::RoleOfAgent(_) => "role_of_agent",
            Self::Id(_) => "bad_token_id",
            Self::Actor(_) => "bad_actor",
            Self::Reserved(_) => "reserved",
            Self::Label(_) => "bad_label",
            Self::Scope(_) => "unknown_scope",
            Self::Past { .. } => "expires_in_the_past",
            Self::TooLong(_) => "expires_too_late",
            Self::IdTaken(_) => "id_taken",
            Self::TooManyActive(_) => "too_many_active",
            Self::TooManyHeld => "too_many_held",
            Self::NoSuchToken(_) => "no_such_token",
        }
    }
}

fn decide_create(state: &AccessState, create: Create) -> Result<Vec<AccessEvent>, AccessRejection> {
    let Create { token, by, at } = create;
    no_agent(&by)?;
    well_formed(&token)?;
    if token.actor.kind == ActorKind::Agent && matches!(token.role, Role::Approver | Role::Admin) {
        return Err(AccessRejection::RoleOfAgent(token.role.word()));
    }
    let expires_at = token.expires_at;
    if expires_at <= at {
        return Err(AccessRejection::Past { expires_at, at });
    }
    if expires_at > at.plus(std::time::Duration::from_hours(24 * TOKEN_DAYS_MAX)) {
        return Err(AccessRejection::TooLong(expires_at));
    }
    if state.tokens.iter().any(|held| held.id == token.id) {
        return Err(AccessRejection::IdTaken(token.id));
    }
    if state.tokens.len() >= TOKENS_HELD_MAX {
        return Err(AccessRejection::TooManyHeld);
    }
    let is_active = |held: &&Held| !held.is_revoked && held.expires_at > at;
    let active: Vec<String> =
        state.tokens.iter().filter(is_active).map(|held| held.id.clone()).collect();
    if active.len() >= TOKENS_ACTIVE_MAX {
        return Err(AccessRejection::TooManyActive(active));
    }
    Ok(vec![AccessEvent::Created(Created { token, by, at })])
}

fn decide_revoke(state: &AccessState, revoke: Revoke) -> Result<Vec<AccessEvent>, AccessRejection> {
    let Revoke { id, by, at, reason } = revoke;
    no_agent(&by)?;
    match state.tokens.iter().find(|held| held.id == id) {
        None => Err(AccessRejection::NoSuchToken(id)),
        Some(held) if held.is_revoked => Ok(Vec::new()),
        Some(_) => Ok(vec![AccessEvent::Revoked(Revoked { id, by, at, reason })]),
    }
}

fn no_agent(by: &Actor) -> Result<(), AccessRejection> {
    match by.kind {
        ActorKind::Agent => Err(AccessRejection::ByAnAgent(by.id.clone())),
        ActorKind::Human | ActorKind::Service => Ok(()),
    }
}

fn well_formed(token: &Token) -> Result<(), AccessRejection> {
    let Token { id, actor, label, scopes, .. } = token;
    if !form::is_id(id) {
        return Err(AccessRejection::Id(id.clone()));
    }
    if !is_actor(&actor.id) {
        return Err(AccessRejection::Actor(actor.id.clone()));
    }
    if principal::is_reserved(&actor.id) {
        return Err(AccessRejection::Reserved(actor.id.clone()));
    }
    let of_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !(1..=LABEL_BYTES_MAX).contains(&label.len()) || !label.bytes().all(of_label) {
        return Err(AccessRejection::Label(label.clone()));
    }
    match scopes.iter().find(|scope| Context::named(scope).is_none()) {
        Some(scope) => Err(AccessRejection::Scope(scope.clone())),
        None => Ok(()),
    }
}

/// What can stand in a header and on a screen without being taken for something else.
pub fn is_actor(id: &str) -> bool {
    (1..=ACTOR_BYTES_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests;
