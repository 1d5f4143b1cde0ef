//! Whoever came in, and what it may: the same whether a token or an identity provider said so.

use std::collections::BTreeSet;

use helmstream_schemas::{
    ActorKind, Context,
    access::{Right, Role, Token},
};

/// What the plane's own services and reactions are called, and those who have no name.
const RESERVED: [&str; 2] = ["helmstream/", "service:"];

/// Somebody who may come in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// As whom it acts.
    pub actor: String,
    pub kind: ActorKind,
    pub role: Role,
    /// Contexts to which its rights are limited; none means all. A name that is no context limits
    /// as well: it is never left out, because none would mean all.
    pub scopes: BTreeSet<String>,
}

impl Principal {
    /// Who comes in by a token.
    pub fn of(token: &Token) -> Self {
        Self {
            actor: token.actor.id.clone(),
            kind: token.actor.kind,
            role: token.role,
            scopes: token.scopes.clone(),
        }
    }

    /// Whether it has a right in a context. An agent approves nothing and lets nobody in, whatever
    /// its role; and whose rights are limited lets nobody in, because it could let itself in again
    /// without limits.
    pub fn may(&self, right: Right, context: Context) -> bool {
        let is_everywhere = self.scopes.is_empty();
        let is_in_scope = match right {
            Right::Administer => is_everywhere,
            _ => is_everywhere || self.scopes.contains(context.name()),
        };
        let is_for_agents = !matches!(right, Right::Approve | Right::Administer);
        let may_as_it_is = self.kind != ActorKind::Agent || is_for_agents;
        is_in_scope && may_as_it_is && self.role.may(right)
    }
}

/// Whether an actor's name is kept for the plane itself: nobody comes in under it.
pub fn is_reserved(actor: &str) -> bool {
    RESERVED.iter().any(|start| actor.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(kind: ActorKind, role: Role, scopes: &[&str]) -> Principal {
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        Principal { actor: "dana".into(), kind, role, scopes }
    }

    #[test]
    fn a_scope_limits_every_right_and_none_limits_nothing() {
        let limited = principal(ActorKind::Human, Role::Admin, &["run", "access"]);
        for right in Right::ALL {
            assert_eq!(limited.may(right, Context::Run), right != Right::Administer);
            assert_eq!(limited.may(right, Context::Access), right != Right::Administer);
            assert!(!limited.may(right, Context::Deployment));
            assert!(principal(ActorKind::Human, Role::Admin, &[]).may(right, Context::Deployment));
        }
        let unknown = principal(ActorKind::Human, Role::Admin, &["gone"]);
        assert!(Context::ALL.iter().all(|context| !unknown.may(Right::Look, *context)));
    }

    #[test]
    fn an_agent_approves_nothing_and_lets_nobody_in_whatever_its_role() {
        for role in Role::ALL {
            let agent = principal(ActorKind::Agent, role, &[]);
            assert!(!agent.may(Right::Approve, Context::Approval), "{role:?}");
            assert!(!agent.may(Right::Administer, Context::Access), "{role:?}");
            assert!(agent.may(Right::Look, Context::Run), "{role:?}");
        }
    }
}
