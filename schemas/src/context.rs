//! The list of contexts. A context's name is its path in every room of the house, so enlisting it
//! here is the first of the lines that adding one costs. (`domain` is FABER's own word and means
//! infrastructure, application and so on; it is never used for a module.)

use std::fmt;

/// A part of the plane with its own words, decisions and views.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// Who may come in, and what by which token.
    Access,
    /// Second names of aggregates; the first claim of a name wins.
    Alias,
    /// People's consent to one exact thing.
    Approval,
    /// What people decide about publishes that could not be read.
    DeadLetter,
    /// What FABER shipped, by unit.
    Deployment,
    /// Facts from outside that have no meaning here, kept by their source.
    External,
    /// The plane itself: its founding and its restores.
    Plane,
    /// A FABER pipeline run.
    Run,
}

impl Context {
    /// Every context, in the order of their names.
    pub const ALL: [Context; 8] = [
        Self::Access,
        Self::Alias,
        Self::Approval,
        Self::DeadLetter,
        Self::Deployment,
        Self::External,
        Self::Plane,
        Self::Run,
    ];

    /// The context's one name, as it stands in subjects, types and paths.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Alias => "alias",
            Self::Approval => "approval",
            Self::DeadLetter => "dead_letter",
            Self::Deployment => "deployment",
            Self::External => "external",
            Self::Plane => "plane",
            Self::Run => "run",
        }
    }

    /// The context of that name, if there is one.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.name() == name)
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
