//! Questions about tokens, and the events that ask for one or against one. The token itself is made
//! here, by whoever asks; only its digest travels.

use std::{collections::BTreeSet, fs::File, io::Read};

use helmstream_core::access::form;
use helmstream_projections::{
    access::{Standing, TokenView},
    questions::{access::HolderShown, cursor::Cursor, order::Order},
};
use helmstream_schemas::{Actor, Expected, Id, Timestamp, access::Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    ask,
    failure::{Code, Failure},
    list_rows, publish,
};
use crate::clock;

/// Which tokens to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListRequest {
    /// Only those of this actor.
    #[serde(default)]
    pub actor: Option<String>,
    /// Only the one with this id.
    #[serde(default)]
    pub id: Option<String>,
    #[serde(default)]
    pub standing: Option<Standing>,
    /// Holders at most: an actor with a label, each with all its tokens.
    #[serde(default = "list_rows")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
    /// By which field, the smallest first; with `-` before it the greatest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Order<HolderShown>>,
    /// The `next` of the page before.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub before: Option<Cursor>,
    /// As of this position; of what is there now if absent.
    #[serde(default)]
    pub at: Option<u64>,
    /// The instant for which it is told whether a token has expired; the present if absent.
    #[serde(default = "clock::now")]
    #[schemars(with = "Option<Timestamp>")]
    pub now: Timestamp,
}

/// A page of tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "TokenList")]
pub struct List {
    pub tokens: Vec<TokenShown>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
}

/// A token as it is shown: neither itself nor its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenShown {
    /// The aggregate: actor and label.
    pub holder: Id,
    /// Position of the last record on its holder's subject, refusals included: what the guard of the
    /// next append names.
    pub revision: u64,
    pub standing: Standing,
    /// To the hour, as far back as is kept. It is a measurement of now, also as of a position, and
    /// absent there.
    pub last_used_at: Option<Timestamp>,
    #[serde(flatten)]
    pub token: TokenView,
}

/// What is wanted of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    pub actor: Actor,
    pub label: String,
    pub role: Role,
    /// Names of contexts; none means all.
    pub scopes: BTreeSet<String>,
    pub expires_at: Timestamp,
}

/// A new token. Its debug form leaves it out.
pub struct Made(String);

impl Made {
    /// A token nobody has ever seen.
    pub fn new() -> Result<Self, Failure> {
        let mut bytes = [0; form::RANDOM_BYTES];
        // A handful of bytes of a hundred do not count, so that once is always enough; if chance
        // is not chance, more of it does not help.
        let read = File::open("/dev/urandom").and_then(|mut source| source.read_exact(&mut bytes));
        let failed = |detail: String| {
            let hint = "a token is only as good as its chance; nothing was asked";
            Failure::new(Code::Unexplained, "cannot make a token", detail, hint)
        };
        read.map_err(|error| failed(format!("/dev/urandom: {error}")))?;
        let token = form::from_random(&bytes);
        token.map(Self).ok_or_else(|| failed("/dev/urandom gives no random bytes".into()))
    }

    /// A token that was made before; `None` if it has not the form of one.
    pub fn again(token: &str) -> Option<Self> {
        form::id_of(token)?;
        Some(Self(token.to_owned()))
    }

    pub fn id(&self) -> &str {
        form::id_of(&self.0).unwrap_or_default()
    }

    /// The token itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The event that asks for it.
    pub fn ask(&self, wish: &Wish) -> publish::Request {
        let data = json!({
            "id": self.id(),
            "actor": wish.actor.id,
            "kind": wish.actor.kind,
            "role": wish.role,
            "scopes": wish.scopes,
            "label": wish.label,
            "expires_at": wish.expires_at,
            "sha256": form::digest(&self.0),
        });
        ask::anew("helmstream.access.create.v1", &data)
    }
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Made({})", self.id())
    }
}

/// The event that asks for a token to be revoked.
pub fn revoke(token: &TokenShown, reason: Option<&str>) -> publish::Request {
    revoke_if(token, reason, None)
}

/// The same, if its holder is as it is expected.
pub fn revoke_if(
    token: &TokenShown,
    reason: Option<&str>,
    expected: Option<&Expected>,
) -> publish::Request {
    let data = json!({ "holder": token.holder, "id": token.token.id, "reason": reason });
    ask::anew_if("helmstream.access.revoke.v1", &data, expected)
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::ActorKind;

    use super::*;

    #[test]
    fn what_is_asked_holds_no_more_of_the_token_than_its_id() {
        let made = Made::new().expect("there is chance");
        let wish = Wish {
            actor: Actor { id: "faber".into(), kind: ActorKind::Service },
            label: "ci".into(),
            role: Role::Publisher,
            scopes: BTreeSet::new(),
            expires_at: Timestamp::from_nanos(1),
        };
        let asked = String::from_utf8(made.ask(&wish).event).unwrap();
        let secret = &made.reveal()[17..];
        assert_eq!(secret.len(), 43);
        assert!(asked.contains(made.id()) && !asked.contains(&secret[..8]), "{asked}");
        assert!(!format!("{made:?}").contains(secret));
        assert_ne!(Made::new().unwrap().reveal(), made.reveal());
    }
}
