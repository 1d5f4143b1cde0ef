//! Every view there is, with what setup and the swapping of editions have to know of each: how an
//! edition is created, what readers see of it, and who may write it.

use crate::{
    access::Access, alias::Alias, approval::Approval, dead_letter::DeadLetter, deadline::Deadline,
    deployment::Deployment, edition, ledger::Ledger, projection::Projection, run::Run, setup::Role,
};

/// A view, as SQL.
#[derive(Debug, Clone, Copy)]
pub struct View {
    pub name: &'static str,
    /// The version that this program folds.
    pub version: u32,
    /// The streams in each of which it has a position.
    pub streams: &'static [&'static str],
    /// Whose projector folds it.
    pub role: Role,
    pub key: Option<&'static str>,
    create: &'static str,
    stable: &'static str,
    rights: &'static str,
}

const EVENTS: &[&str] = &["EVENTS"];

/// The views, by name.
pub const VIEWS: [View; 8] = [
    view::<Access>(
        EVENTS,
        Role::Access,
        include_str!("access/create.sql"),
        include_str!("access/stable.sql"),
        include_str!("access/rights.sql"),
    ),
    view::<Alias>(
        EVENTS,
        Role::Ledger,
        include_str!("alias/create.sql"),
        include_str!("alias/stable.sql"),
        include_str!("alias/rights.sql"),
    ),
    view::<Approval>(
        EVENTS,
        Role::Approval,
        include_str!("approval/create.sql"),
        include_str!("approval/stable.sql"),
        include_str!("approval/rights.sql"),
    ),
    view::<DeadLetter>(
        EVENTS,
        Role::DeadLetter,
        include_str!("dead_letter/create.sql"),
        include_str!("dead_letter/stable.sql"),
        include_str!("dead_letter/rights.sql"),
    ),
    view::<Deadline>(
        EVENTS,
        Role::Deadline,
        include_str!("deadline/create.sql"),
        include_str!("deadline/stable.sql"),
        include_str!("deadline/rights.sql"),
    ),
    view::<Deployment>(
        EVENTS,
        Role::Deployment,
        include_str!("deployment/create.sql"),
        include_str!("deployment/stable.sql"),
        include_str!("deployment/rights.sql"),
    ),
    view::<Ledger>(
        &Ledger::STREAMS,
        Role::Ledger,
        include_str!("ledger/create.sql"),
        include_str!("ledger/stable.sql"),
        include_str!("ledger/rights.sql"),
    ),
    view::<Run>(
        EVENTS,
        Role::Run,
        include_str!("run/create.sql"),
        include_str!("run/stable.sql"),
        include_str!("run/rights.sql"),
    ),
];

const fn view<P: Projection>(
    streams: &'static [&'static str],
    role: Role,
    create: &'static str,
    stable: &'static str,
    rights: &'static str,
) -> View {
    View { name: P::NAME, version: P::VERSION, streams, role, key: P::KEY, create, stable, rights }
}

impl View {
    /// The view of a name.
    pub fn named(name: &str) -> Option<Self> {
        VIEWS.into_iter().find(|view| view.name == name)
    }

    /// The schema of its edition of this number.
    pub fn schema(&self, number: u32) -> String {
        edition::schema(self.name, self.version, number)
    }

    /// Creates what an edition consists of, in the schema that is searched.
    pub(crate) fn create(&self) -> String {
        let Some(key) = self.key else { return self.rows() };
        let bases = include_str!("keyed/create.sql");
        self.rows() + &bases.replace("{table}", self.name).replace("{key}", key)
    }

    /// Creates what it consists of without the bases that it saves.
    pub(crate) fn rows(&self) -> String {
        [include_str!("projector/create.sql"), self.create].concat()
    }

    /// What readers see of an edition, by the name that outlives it.
    pub(crate) fn stable(&self, edition: &str) -> String {
        [include_str!("projector/stable.sql"), self.stable]
            .concat()
            .replace("{stable}", self.name)
            .replace("{edition}", edition)
    }

    /// What a role may in an edition, if anything; `{role}` is left open.
    pub(crate) fn rights(&self, edition: &str, role: Role) -> Option<String> {
        let bases = if self.key.is_some() { include_str!("keyed/rights.sql") } else { "" };
        let rights = match role {
            Role::Operator | Role::Http | Role::Backup => {
                include_str!("setup/operator_edition.sql").to_owned()
            }
            Role::Past if self.key.is_some() => include_str!("past/rights.sql").to_owned(),
            role if role == self.role => {
                [include_str!("projector/rights.sql"), self.rights, bases].concat()
            }
            _ => return None,
        };
        Some(rights.replace("{edition}", edition).replace("{view}", self.name))
    }
}
