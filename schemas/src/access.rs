//! Words of the context `access`: who may come in by a token, and what by it. A token itself never
//! stands here, only its SHA-256, which nobody can turn back: what is random is 256 bits long. Its
//! identity is the holder, an actor and a label, so that how many it has is decided as a whole.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Hash, Timestamp, actor::Actor};

/// What can be asked of a holder of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessCommand {
    /// Let in whoever shows a token of this digest.
    Create(Box<Create>),
    /// Let nobody in by it any more.
    Revoke(Revoke),
}

/// What can have happened to a holder of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessEvent {
    /// Whoever shows a token of this digest is let in.
    Created(Created),
    /// Nobody is let in by it any more.
    Revoked(Revoked),
}

/// What is known of a token: everything but the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Token {
    /// What stands between the prefix and the secret; it is no secret.
    pub id: String,
    /// Who acts by it.
    pub actor: Actor,
    /// Tells an actor's holders from each other: a machine, a purpose.
    pub label: String,
    pub role: Role,
    /// Contexts to which its rights are limited; none means all.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub scopes: BTreeSet<String>,
    pub expires_at: Timestamp,
    /// Digest of the whole token.
    pub sha256: Hash,
}

/// Let in whoever shows a token of this digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Create {
    pub token: Token,
    pub by: Actor,
    /// When a door received it.
    pub at: Timestamp,
}

/// Let nobody in by it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revoke {
    /// The token's id.
    pub id: String,
    pub by: Actor,
    /// When a door received it.
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whoever shows a token of this digest is let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Created {
    pub token: Token,
    pub by: Actor,
    /// When a door received it.
    pub at: Timestamp,
}

/// Nobody is let in by it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revoked {
    /// The token's id.
    pub id: String,
    pub by: Actor,
    /// When a door received it.
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A token was used: a measurement on SIGNALS, told now and then, and no event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenUsed {
    pub at: Timestamp,
}

/// What somebody may, in a word.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Publisher,
    Operator,
    Approver,
    Admin,
}

/// What can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Ask what is known.
    Look,
    /// Say what happened.
    Publish,
    /// Rebuild, redrive, retry, register, retire.
    Operate,
    /// Consent to something, or refuse it.
    Approve,
    /// Say who may come in.
    Administer,
}

impl Token {
    /// The identity of its holder: the actor, and after the last `/` the label.
    pub fn holder_text(&self) -> String {
        format!("{}/{}", self.actor.id, self.label)
    }
}

impl Role {
    pub const ALL: [Role; 5] =
        [Self::Viewer, Self::Publisher, Self::Operator, Self::Approver, Self::Admin];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Publisher => "publisher",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether the role has a right. What kind of being has the role is asked elsewhere.
    pub const fn may(self, right: Right) -> bool {
        match self {
            Self::Viewer => matches!(right, Right::Look),
            Self::Publisher => matches!(right, Right::Look | Right::Publish),
            Self::Operator => matches!(right, Right::Look | Right::Publish | Right::Operate),
            Self::Approver => matches!(right, Right::Look | Right::Approve),
            Self::Admin => true,
        }
    }
}

impl Right {
    pub const ALL: [Right; 5] =
        [Self::Look, Self::Publish, Self::Operate, Self::Approve, Self::Administer];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_has_its_rights_and_no_other() {
        let rights = |role: Role| {
            let letters = ['l', 'p', 'o', 'a', 'A'];
            let has = |(right, letter)| role.may(right).then_some(letter);
            Right::ALL.into_iter().zip(letters).filter_map(has).collect::<String>()
        };
        assert_eq!(Role::ALL.map(rights), ["l", "lp", "lpo", "la", "lpoaA"]);
    }

    #[test]
    fn a_role_is_told_by_its_word_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.word()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
        }
        assert_eq!(Role::named("Admin"), None);
        assert_eq!(Role::named("agent"), None, "an agent is a kind of actor, not a role");
    }
}
