//! Who asks over HTTP, and whether it may.

use helmstream_core::access::Principal;
use helmstream_schemas::{Actor, Context, Id, access::Right};

use super::problem::Problem;

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) principal: Principal,
    /// What its requests are counted under.
    pub(super) counted_as: String,
    /// The id of its token, if it is one of the plane's own.
    pub(super) token: Option<Id>,
}

impl Caller {
    /// Refuses what it may not do; what is about everything only those may who are limited to
    /// nothing.
    pub(super) fn must(&self, right: Right, about: Option<Context>) -> Result<(), Problem> {
        let may = match about {
            Some(context) => self.principal.may(right, context),
            None => Context::ALL.iter().all(|context| self.principal.may(right, *context)),
        };
        if may {
            return Ok(());
        }
        let role = self.principal.role.word();
        let about = about.map_or("everything", Context::name);
        let kind = self.principal.kind;
        let detail = format!("role {role} of a {kind} may not do this about {about}");
        Err(Problem::not_permitted(detail))
    }

    pub(super) fn actor(&self) -> Actor {
        Actor { id: self.principal.actor.clone(), kind: self.principal.kind }
    }

    /// Whether it sees the names of persons: who repairs or consents has to know whom to ask.
    pub(super) fn sees_people(&self) -> bool {
        let may = |right, context| self.principal.may(right, context);
        may(Right::Operate, Context::Run) || may(Right::Approve, Context::Approval)
    }
}
