//! Events of a holder into its tokens. Neither a token nor its digest is in the view: nobody who
//! looks needs them. Whether one has expired is a matter of the clock of whoever asks.

use std::collections::BTreeSet;

use helmstream_schemas::{
    Actor, Timestamp,
    access::{AccessEvent, Created, Role},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A holder and every token it had, the oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct AccessView {
    pub tokens: Vec<TokenView>,
    pub last_seq: u64,
}

/// A token, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenView {
    pub id: String,
    /// Who acts by it.
    pub actor: Actor,
    pub label: String,
    pub role: Role,
    /// Contexts to which its rights are limited; none means all.
    #[serde(default)]
    pub scopes: BTreeSet<String>,
    pub created_at: Timestamp,
    pub created_by: Actor,
    pub expires_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Revocation>,
}

/// Who revoked a token, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TokenRevocation")]
pub struct Revocation {
    pub by: Actor,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How a token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "TokenStanding")]
pub enum Standing {
    Active,
    Expired,
    Revoked,
}

impl AccessView {
    /// Folds the event at `sequence`; whether that changed anything.
    pub fn fold(&mut self, sequence: u64, event: AccessEvent) -> bool {
        if sequence <= self.last_seq {
            return false;
        }
        self.last_seq = sequence;
        match event {
            AccessEvent::Created(Created { token, by, at }) => self.tokens.push(TokenView {
                id: token.id,
                actor: token.actor,
                label: token.label,
                role: token.role,
                scopes: token.scopes,
                created_at: at,
                created_by: by,
                expires_at: token.expires_at,
                revoked: None,
            }),
            AccessEvent::Revoked(e) => {
                if let Some(token) = self.tokens.iter_mut().find(|token| token.id == e.id) {
                    token.revoked = Some(Revocation { by: e.by, at: e.at, reason: e.reason });
                }
            }
        }
        true
    }
}

impl TokenView {
    /// How it stands at an instant.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match self.revoked {
            Some(_) => Standing::Revoked,
            None if self.expires_at <= now => Standing::Expired,
            None => Standing::Active,
        }
    }
}

impl Standing {
    pub const ALL: [Standing; 3] = [Self::Active, Self::Expired, Self::Revoked];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::{
        ActorKind, Hash,
        access::{Revoked, Token},
    };

    use super::*;

    fn actor(id: &str) -> Actor {
        Actor { id: id.into(), kind: ActorKind::Human }
    }

    fn created(id: &str) -> AccessEvent {
        let token = Token {
            id: id.into(),
            actor: actor("dana"),
            label: "laptop".into(),
            role: Role::Viewer,
            scopes: BTreeSet::new(),
            expires_at: Timestamp::from_nanos(9),
            sha256: Hash::of(id.as_bytes()),
        };
        let (by, at) = (actor("operator"), Timestamp::from_nanos(1));
        AccessEvent::Created(Created { token, by, at })
    }

    fn revoked(id: &str) -> AccessEvent {
        let (by, at) = (actor("operator"), Timestamp::from_nanos(3));
        AccessEvent::Revoked(Revoked { id: id.into(), by, at, reason: Some("lost".into()) })
    }

    fn folded(events: Vec<AccessEvent>) -> AccessView {
        let mut view = AccessView::default();
        for (index, event) in events.into_iter().enumerate() {
            assert!(view.fold(index as u64 + 1, event.clone()));
            assert!(!view.fold(index as u64 + 1, event), "the same event again changes nothing");
        }
        view
    }

    #[test]
    fn a_token_is_active_until_it_expires_and_revoked_for_ever() {
        let view = folded(vec![created("one"), created("two"), revoked("one")]);
        let at = |nanos| {
            let now = Timestamp::from_nanos(nanos);
            view.tokens.iter().map(|token| token.standing(now).word()).collect::<Vec<_>>()
        };
        assert_eq!(at(8), ["revoked", "active"]);
        assert_eq!(at(9), ["revoked", "expired"]);
        assert_eq!(view.tokens[0].revoked.as_ref().unwrap().reason.as_deref(), Some("lost"));
    }

    #[test]
    fn no_digest_is_shown() {
        let text = serde_json::to_string(&folded(vec![created("one")])).unwrap();
        assert!(!text.contains(&Hash::of(b"one").to_string()[..8]), "{text}");
    }
}
