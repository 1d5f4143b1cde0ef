//! What is known of a plane when it is looked over. Only data: nothing here judges. What could not be
//! found out holds the reason instead.

use std::{net::SocketAddr, time::Duration};

use helmstream_projections::{
    questions::{
        doctor::{Armed, Server, Undecided},
        projection::ProjectionLine,
    },
    setup::Unfit,
};
use helmstream_schemas::Timestamp;
use helmstream_stream::{
    health::{DurableStands, StreamStands},
    setup::Found,
};

/// Everything that was found out.
#[derive(Debug, Clone)]
pub struct Facts {
    /// When it was, by this machine's clock.
    pub now: Timestamp,
    /// Whether whoever asks has accepted that power may be lost.
    pub accepts_power_loss: bool,
    pub nats: Result<Nats, String>,
    pub postgres: Result<Postgres, String>,
    pub here: Here,
    /// It needs both servers, and the schemas of this version; nothing if something of that is not there.
    pub deadlines: Option<Result<Deadlines, String>>,
}

/// What NATS says.
#[derive(Debug, Clone)]
pub struct Nats {
    pub version: String,
    pub clock: Option<Clock>,
    pub streams: Vec<StreamStands>,
    /// Of each stream that may be read, how many messages were stored within `GROWTH_WINDOW`.
    pub lately: Vec<(String, u64)>,
    pub durables: Vec<DurableStands>,
    /// Each stream and consumer beside its file.
    pub files: Vec<Found>,
    /// For each view behind the log, when the next record was stored that it has not read.
    pub unread: Vec<Unread>,
    /// How the running server treats each user of `nats/permissions`.
    pub users: Vec<(String, Treated)>,
}

/// How a server treats a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Treated {
    /// It is denied what no file allows.
    Confined,
    /// It is allowed what no file allows.
    Wide,
    /// It is not let in.
    NotLetIn(String),
    /// It could not be found out.
    Unknown,
}

/// How far another clock is ahead of this machine's; less than nothing if it is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    pub ahead_nanos: i64,
    /// By how much that may be wrong: the answer was on its way for a while.
    pub give_or_take: Duration,
}

/// What an edition has not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    pub edition: String,
    pub stream: String,
    /// When the next record was stored.
    pub since: Timestamp,
}

/// What Postgres says.
#[derive(Debug, Clone)]
pub struct Postgres {
    pub server: Server,
    pub clock: Clock,
    pub unfit: Vec<Unfit>,
    /// Nothing of these if the schemas are not there.
    pub positions: Vec<ProjectionLine>,
    pub parked_subjects: Vec<String>,
    pub undecided: Undecided,
}

/// The view of what is armed beside what is scheduled.
#[derive(Debug, Clone, Default)]
pub struct Deadlines {
    pub armed: u64,
    /// Armed, not yet due, and without a schedule; looked at twice.
    pub missing: Vec<Armed>,
    /// Armed and well past their time.
    pub overdue: Vec<Armed>,
    /// Schedules at the server.
    pub scheduled: u64,
    /// There were more than are compared.
    pub is_cut: bool,
}

/// What this machine says.
#[derive(Debug, Clone, Default)]
pub struct Here {
    pub disk: Option<Disk>,
    /// Whether NATS and Postgres keep what they hold on that disk.
    pub holds_nats: bool,
    pub holds_postgres: bool,
    pub sync: Sync,
    /// Paths below the plane's directory that others may read, with their mode.
    pub open_secrets: Vec<(String, u32)>,
    pub secrets: usize,
    pub nats_url: String,
    pub postgres_tls: bool,
    pub postgres_host: String,
    pub http: Option<SocketAddr>,
    pub metrics: Option<SocketAddr>,
    /// What differs between the file of accounts and the files of permissions; none without such a
    /// file here.
    pub accounts: Option<Vec<String>>,
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    pub size_bytes: u64,
    pub free_bytes: u64,
}

/// When NATS writes through to its disk.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Sync {
    /// Before it acknowledges.
    Always,
    /// Now and then, as its file says, or every two minutes.
    Every(String),
    /// Its configuration is not here, and it tells it to nobody of the plane.
    #[default]
    Unknown,
}
