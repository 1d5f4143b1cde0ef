//! What can go wrong with the log, with the context needed to act on it, and the one question every caller asks:
//! try again, refuse, or stop? It deliberately knows nothing of why the log was being used.

use helmstream_schemas::{Distrust, Verdict};
use std::{fmt, io, path::PathBuf};

#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("cannot read the seed of NATS user {user}: {path}: {source}")]
    SeedUnreadable { user: String, path: PathBuf, source: io::Error },

    #[error("the seed of NATS user {user} is not an nkey seed: {path}: {source}")]
    SeedMalformed { user: String, path: PathBuf, source: nkeys::error::Error },

    #[error("cannot connect to NATS at {url} as {user}: {source}")]
    Connect { url: String, user: String, source: async_nats::ConnectError },

    #[error("NATS at {url} does not let {user} in: {source}")]
    NotLetIn { url: String, user: String, source: async_nats::ConnectError },

    #[error("NATS at {url} is not trusted: {reason}")]
    Untrusted { url: String, reason: Distrust },

    #[error("the NATS server is too old: found {found}, needed {wanted} or newer")]
    ServerTooOld { found: String, wanted: String },

    #[error("no answer to {subject}: {source}")]
    NoAnswer { subject: String, source: async_nats::RequestError },

    #[error("{user} is not permitted to use {subject}: {detail}")]
    NotPermitted { user: String, subject: String, detail: String },

    #[error("the server refused {subject}: {description} (code {code})")]
    Refused { subject: String, status: u64, code: u64, description: String },

    #[error("cannot read {what}: {source}")]
    Malformed { what: String, source: serde_json::Error },

    #[error("no answer to {subject} in time; it may or may not be stored")]
    Unanswered { subject: String },

    #[error("{subject} was not settled after {attempts} rounds of conflict")]
    Contended { subject: String, attempts: u32 },

    #[error("{subject} ends in the middle of a decision at {sequence}")]
    Half { subject: String, sequence: u64 },

    #[error("a record of the log cannot be folded: {0}")]
    Unfoldable(#[from] helmstream_core::aggregate::FoldError),

    #[error("{subject} at {sequence} is a newer version's to handle: {detail}")]
    Newer { subject: String, sequence: u64, detail: String },

    #[error("a stored message is not one of ours: {subject} at {sequence}: {detail}")]
    Foreign { subject: String, sequence: u64, detail: String },

    #[error("the ledger does not answer: {detail}")]
    Ledger { detail: String },

    #[error("reading {stream} was cut: {detail}")]
    Cut { stream: String, detail: String },

    #[error("the plane is not as its files say:{}", lines(.0))]
    Differs(Vec<Difference>),
}

/// One field of a stream or consumer that is not what its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `stream EVENTS`, `consumer door of INBOX`.
    pub item: String,
    /// Path of the field inside the file, dotted.
    pub field: String,
    /// What the file says, as JSON.
    pub wanted: String,
    /// What the server has, as JSON; `absent` where it has nothing.
    pub found: String,
}

impl StreamError {
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Connect { .. }
            | Self::Untrusted { .. }
            | Self::NoAnswer { .. }
            | Self::Unanswered { .. }
            | Self::Contended { .. }
            | Self::Half { .. }
            | Self::Ledger { .. }
            | Self::Cut { .. } => Verdict::Retry,
            // The server answers 5xx while it starts, loses its leader or its disk is full; 4xx stays 4xx.
            Self::Refused { status, .. } if *status >= 500 => Verdict::Retry,
            Self::Refused { .. } => Verdict::Refuse,
            Self::SeedUnreadable { .. }
            | Self::SeedMalformed { .. }
            | Self::NotLetIn { .. }
            | Self::ServerTooOld { .. }
            | Self::NotPermitted { .. }
            | Self::Malformed { .. }
            | Self::Unfoldable(_)
            | Self::Newer { .. }
            | Self::Foreign { .. }
            | Self::Differs(_) => Verdict::Stop,
        }
    }

    /// Whether only a newer version can handle it: it is put back for that, and everything else goes on.
    pub fn is_newer(&self) -> bool {
        match self {
            Self::Newer { .. } => true,
            Self::Unfoldable(error) => error.is_newer(),
            _ => false,
        }
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::SeedUnreadable { .. } => "check the path and that this process may read the file",
            Self::SeedMalformed { .. } => {
                "the file must hold one line, a user seed that begins with SU"
            }
            Self::Connect { .. } => {
                "check the address and that the server runs; this waits until it does"
            }
            Self::Untrusted { reason, .. } => reason.hint(),
            Self::NotLetIn { .. } => "the server's configuration must name this user's public nkey",
            Self::ServerTooOld { .. } => {
                "install a newer nats-server; `cargo xtask up` does so by itself"
            }
            Self::NoAnswer { .. } | Self::Unanswered { .. } => {
                "check that the server runs with JetStream and is not overloaded"
            }
            Self::NotPermitted { .. } => {
                "compare nats/permissions with what the server's configuration says"
            }
            Self::Refused { .. } => "the server's own words say why; its log may say more",
            Self::Malformed { .. } => {
                "something else than Helmstream wrote this, or a newer version did"
            }
            Self::Contended { .. } => {
                "several deciders share one aggregate; look for a second instance"
            }
            Self::Half { .. } => "the service of its context stores the rest with the next command",
            Self::Newer { .. } => "it waits for an instance of the newer version; start one",
            Self::Unfoldable(error) if error.is_newer() => {
                "a newer version wrote it; it waits for an instance of that, so start one"
            }
            Self::Unfoldable(_) => {
                "the record is not what its type says; see docs/runbooks/HS-0009.md"
            }
            Self::Foreign { .. } => {
                "something else than Helmstream wrote it; compare nats/permissions"
            }
            Self::Ledger { .. } => "check that Postgres runs and that the service `ledger` does",
            Self::Cut { .. } => "it reads on from where it was by itself",
            Self::Differs(_) => {
                "nothing was changed; restore the server's configuration, or change the file on purpose and migrate by hand"
            }
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} should be {}, is {}", self.item, self.field, self.wanted, self.found)
    }
}

fn lines(differences: &[Difference]) -> String {
    differences.iter().map(|difference| format!("\n  {difference}")).collect()
}
