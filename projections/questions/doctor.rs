//! How the database is and what waits in it, for whoever looks a plane over. What is to be thought of
//! it is decided elsewhere.

use helmstream_schemas::Timestamp;

use crate::{
    columns::{at_back, seq_back},
    database::Database,
    error::ProjectionError,
};

/// The server, as it is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub version: String,
    /// `150006` is 15.6.
    pub version_number: i32,
    /// `on` or `off`.
    pub fsync: String,
    pub full_page_writes: String,
    /// `on`, `off`, `local`, `remote_write`, `remote_apply`; as whoever asks has it.
    pub synchronous_commit: String,
    /// By its own clock.
    pub now: Timestamp,
    pub database_bytes: u64,
}

/// Dead letters about which something is to be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Undecided {
    pub letters: u64,
    /// Of them, those recorded since an instant.
    pub young: u64,
    pub oldest_at: Option<Timestamp>,
}

/// A deadline that the view says is armed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Armed {
    pub context: String,
    /// As subjects carry it.
    pub id_token: String,
    pub purpose: String,
    pub due_at: Timestamp,
}

/// How the server is set.
pub async fn server(database: &Database) -> Result<Server, ProjectionError> {
    let mut session = database.lend().await?;
    let rows = session.query(include_str!("doctor_server.sql"), &[]).await?;
    session.give_back();
    let row = rows.first().expect("a SELECT without FROM gives one row");
    Ok(Server {
        version: row.get("version"),
        version_number: row.get("version_number"),
        fsync: row.get("fsync"),
        full_page_writes: row.get("full_page_writes"),
        synchronous_commit: row.get("synchronous_commit"),
        now: Timestamp::from_nanos(row.get::<_, i64>("now_micros").saturating_mul(1_000)),
        database_bytes: seq_back(row.get("bytes")),
    })
}

/// Counts the dead letters that wait for somebody.
pub async fn undecided(
    database: &Database,
    since: Timestamp,
) -> Result<Undecided, ProjectionError> {
    let mut session = database.lend().await?;
    let rows = session.query(include_str!("doctor_dead_letters.sql"), &[&since.nanos()]).await?;
    session.give_back();
    let row = rows.first().expect("a count gives one row");
    Ok(Undecided {
        letters: seq_back(row.get("undecided")),
        young: seq_back(row.get("young")),
        oldest_at: at_back(row.get("oldest_at")),
    })
}

/// Lists what is armed, up to a limit.
pub async fn armed(database: &Database, limit: u32) -> Result<Vec<Armed>, ProjectionError> {
    let mut session = database.lend().await?;
    let rows = session.query(include_str!("doctor_deadlines.sql"), &[&i64::from(limit)]).await?;
    session.give_back();
    let armed = |row: &tokio_postgres::Row| Armed {
        context: row.get("context"),
        id_token: row.get("id"),
        purpose: row.get("purpose"),
        due_at: at_back(row.get("due_at")).unwrap_or_default(),
    };
    Ok(rows.iter().map(armed).collect())
}
