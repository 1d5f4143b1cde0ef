//! What can go wrong with the views, with the context needed to act on it, and the one question
//! every caller asks: try again, refuse, or stop? A record that cannot be applied is not among
//! these: it is parked, and `projection::Unfit` says why.

use std::error::Error as _;

use helmstream_schemas::{Distrust, Verdict};
use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::{database::Connect, position::Diverged};

/// What can go wrong with the views.
#[derive(Debug, thiserror::Error)]
pub enum ProjectionError {
    #[error("cannot connect to Postgres at {address}: {}", words(.source))]
    Connect { address: String, source: tokio_postgres::Error },

    #[error("Postgres at {address} is not trusted: {reason}")]
    Untrusted {
        address: String,
        reason: Distrust,
        /// Whether it was trusted before, by this process.
        was_trusted: bool,
    },

    #[error("cannot {doing}: {}", words(.source))]
    Database { doing: String, source: tokio_postgres::Error },

    #[error(
        "{view}: another instance has taken over (owner {owner}, term {term}; this is term {ours})"
    )]
    Fenced { view: String, owner: Uuid, term: i64, ours: i64 },

    #[error("{view}: the checkpoint is at {found}, this instance was at {ours}")]
    WentBack { view: String, found: u64, ours: u64 },

    #[error("{view}: where the view stands is not known after an error")]
    PositionUnknown { view: String },

    #[error("{view}: record {found} came where {wanted} was expected")]
    OutOfOrder { view: String, wanted: String, found: String },

    #[error(transparent)]
    Diverged(#[from] Diverged),

    #[error("cannot read a row of {table}: {detail}")]
    Row { table: &'static str, detail: String },

    #[error("schema {schema} is not as this program creates it: found {found}, wanted {wanted}")]
    Differs { schema: String, found: String, wanted: String },

    #[error("{edition} has not read as far as {serving}, which serves, within {seconds} s")]
    NotLevel { edition: String, serving: String, seconds: u64 },

    #[error("the view {view} as it was had to make room for others meanwhile")]
    PastGone { view: &'static str },

    #[error("no edition of the view {view} serves")]
    NotSetUp { view: &'static str },

    #[error("no page of this order ended there: another order, or no list at all")]
    NoSuchPage,

    #[error("{asked} were asked for at once, over the limit of {limit}")]
    TooMany { asked: usize, limit: usize },
}

impl ProjectionError {
    /// Why no connection came about.
    pub(crate) fn of_connect(connect: &Connect, source: tokio_postgres::Error) -> Self {
        match Distrust::of(&words(&source)) {
            Some(reason) => Self::untrusted(connect, reason),
            None => Self::Connect { address: connect.address(), source },
        }
    }

    pub(crate) fn untrusted(connect: &Connect, reason: Distrust) -> Self {
        Self::Untrusted { address: connect.address(), reason, was_trusted: false }
    }

    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Connect { source, .. } | Self::Database { source, .. } => verdict_of(source),
            // A server that never was is a fault in what was configured; one that was comes back.
            Self::Untrusted { was_trusted: false, .. } => Verdict::Stop,
            Self::Untrusted { was_trusted: true, .. }
            | Self::WentBack { .. }
            | Self::PositionUnknown { .. }
            | Self::NotLevel { .. }
            | Self::PastGone { .. } => Verdict::Retry,
            Self::TooMany { .. } | Self::NoSuchPage => Verdict::Refuse,
            Self::Fenced { .. }
            | Self::OutOfOrder { .. }
            | Self::Diverged(_)
            | Self::Row { .. }
            | Self::Differs { .. }
            | Self::NotSetUp { .. } => Verdict::Stop,
        }
    }

    /// What an operator can do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Connect { .. } => {
                "check the address, the role and its password; this waits while nobody answers"
            }
            Self::Untrusted { reason, .. } => reason.hint(),
            Self::Database { .. } => "the database's own words say why; its log may say more",
            Self::Fenced { .. } => "only one instance projects a view; stop this one, or the other",
            Self::WentBack { .. } | Self::PositionUnknown { .. } => {
                "the projector resumes from its checkpoint and reads again from there"
            }
            Self::OutOfOrder { .. } => "a fault in the reader: nothing was applied; start it again",
            Self::Diverged(_) => {
                "put the log back as it was, or rebuild the view from the log as it is"
            }
            Self::Row { .. } => "something else than this program wrote it; rebuild the view",
            Self::Differs { .. } => {
                "nothing was changed; views are rebuilt and never migrated, so drop the schema and run setup again"
            }
            Self::TooMany { .. } => "ask in parts",
            Self::NoSuchPage => "ask with the `sort` of the page before, and with its `next`",
            Self::NotLevel { .. } => {
                "does the service that folds the view run? it folds every edition; then try again"
            }
            Self::PastGone { .. } => "ask again",
            Self::NotSetUp { .. } => "run `helmstream setup`, which makes what is missing",
        }
    }

    /// Whether the database refused what a record would have written, rather than being unable to.
    pub(crate) fn is_about_the_data(&self) -> bool {
        matches!(self, Self::Database { source, .. } if verdict_of(source) == Verdict::Refuse)
    }

    /// Whether the database is there, and had no time for this: somebody holds what was asked for, or
    /// its disk is slow.
    pub fn is_slow(&self) -> bool {
        let Self::Database { source, .. } = self else { return false };
        source.code().is_some_and(|state| {
            *state == SqlState::QUERY_CANCELED || *state == SqlState::LOCK_NOT_AVAILABLE
        })
    }

    /// Whether something that was read is not there.
    pub(crate) fn is_about_what_is_gone(&self) -> bool {
        let Self::Database { source, .. } = self else { return false };
        source.code().is_some_and(|state| {
            *state == SqlState::UNDEFINED_TABLE || *state == SqlState::INVALID_SCHEMA_NAME
        })
    }

    /// Whether somebody in another database of the server changed the same role meanwhile. There is
    /// no lock against that, and no state of its own.
    pub(crate) fn is_about_a_shared_role(&self) -> bool {
        let Self::Database { source, .. } = self else { return false };
        let Some(said) = source.as_db_error() else { return false };
        match *said.code() {
            SqlState::INTERNAL_ERROR => said.message().contains("concurrently"),
            SqlState::UNIQUE_VIOLATION => {
                said.constraint().is_some_and(|name| name.starts_with("pg_"))
            }
            _ => false,
        }
    }
}

/// Classes of SQLSTATE by their first two characters; the ones that wait are those in which the
/// same statement can succeed a moment later.
fn verdict_of(source: &tokio_postgres::Error) -> Verdict {
    let Some(state) = source.code() else {
        let lost =
            source.is_closed() || source.source().is_some_and(|cause| cause.is::<std::io::Error>());
        // Without a state or an input-output error it is the client's: a wrong type, a wrong URL.
        let timed_out = source.to_string().contains("timeout");
        return if lost || timed_out { Verdict::Retry } else { Verdict::Stop };
    };
    if *state == SqlState::QUERY_CANCELED || *state == SqlState::LOCK_NOT_AVAILABLE {
        return Verdict::Retry;
    }
    // A plan made before a view was swapped.
    if *state == SqlState::FEATURE_NOT_SUPPORTED || *state == SqlState::READ_ONLY_SQL_TRANSACTION {
        return Verdict::Retry;
    }
    match &state.code()[..2] {
        "08" | "40" | "53" | "57" | "58" => Verdict::Retry,
        "22" | "23" | "54" => Verdict::Refuse,
        _ if *state == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Verdict::Retry,
        _ => Verdict::Stop,
    }
}

/// The client's error says only `db error`; the database's own words stand in its source.
fn words(source: &tokio_postgres::Error) -> String {
    match source.as_db_error() {
        Some(said) => format!("{} (SQLSTATE {})", said.message(), said.code().code()),
        None => match source.source() {
            Some(cause) => format!("{source}: {cause}"),
            None => source.to_string(),
        },
    }
}
