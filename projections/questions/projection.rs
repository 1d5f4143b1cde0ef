//! Where every view stands, and what it could not apply.

use std::sync::LazyLock;

use helmstream_schemas::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use uuid::Uuid;

use super::rows_limit;
use crate::{
    columns::seq_back,
    database::Database,
    edition::{self, EditionState},
    error::ProjectionError,
    limits::LIST_ATTEMPTS_MAX,
    session::Session,
    views::VIEWS,
};

static PARKED_LIST: LazyLock<String> = LazyLock::new(|| {
    of_every_view(include_str!("parked_list.sql"), "ORDER BY stream, seq LIMIT $2")
});

/// Where an edition of a view stands on one stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectionLine {
    pub edition: String,
    pub state: EditionState,
    pub projection: String,
    pub version: u32,
    pub stream: String,
    /// The last record that was applied or parked.
    pub applied_seq: u64,
    /// Everything up to here was read.
    pub read_to_seq: u64,
    /// Records that could not be applied.
    pub parked: u64,
    /// The instance that projects it.
    pub owner: Uuid,
    pub epoch: Uuid,
}

/// A record that could not be applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ParkedLine {
    pub projection: String,
    pub version: u32,
    pub stream: String,
    pub sequence: u64,
    pub subject: String,
    pub reason: String,
    pub recorded_at: Timestamp,
}

/// Lists where every edition of every view stands. One that nobody has begun to fold stands nowhere.
pub async fn projection_list(database: &Database) -> Result<Vec<ProjectionLine>, ProjectionError> {
    let mut session = database.lend().await?;
    let mut lines = try_list(&mut session).await;
    for _ in 1..LIST_ATTEMPTS_MAX {
        match &lines {
            // An edition was dropped between the two questions.
            Err(error) if error.is_about_what_is_gone() => lines = try_list(&mut session).await,
            _ => break,
        }
    }
    session.give_back();
    lines
}

async fn try_list(session: &mut Session) -> Result<Vec<ProjectionLine>, ProjectionError> {
    let editions = edition::all(session).await?;
    let each: Vec<String> = editions
        .iter()
        .map(|held| include_str!("projection_list.sql").replace("{edition}", &held.edition))
        .collect();
    if each.is_empty() {
        return Ok(Vec::new());
    }
    let sql = each.join("UNION ALL\n") + "ORDER BY projection, version, edition, stream";
    let rows = session.query(&sql, &[]).await?;
    let line = |row: &Row| {
        let name: &str = row.get("edition");
        let held = editions.iter().find(|held| held.edition == name)?;
        Some(ProjectionLine {
            edition: held.edition.clone(),
            state: held.state,
            projection: row.get("projection"),
            version: u32::try_from(row.get::<_, i32>("version")).unwrap_or_default(),
            stream: row.get("stream"),
            applied_seq: seq_back(row.get("applied_seq")),
            read_to_seq: seq_back(row.get("read_to_seq")),
            parked: seq_back(row.get("parked")),
            owner: row.get("owner"),
            epoch: row.get("epoch"),
        })
    };
    Ok(rows.iter().filter_map(line).collect())
}

/// Lists what a view could not apply, or all of them, in the order of the log.
pub async fn parked_list(
    database: &Database,
    projection: Option<&str>,
    limit: u32,
) -> Result<Vec<ParkedLine>, ProjectionError> {
    let mut session = database.lend().await?;
    let rows = session.query(&PARKED_LIST, &[&projection, &rows_limit(limit)]).await?;
    session.give_back();
    Ok(rows
        .iter()
        .map(|row| ParkedLine {
            projection: row.get("projection"),
            version: u32::try_from(row.get::<_, i32>("version")).unwrap_or_default(),
            stream: row.get("stream"),
            sequence: seq_back(row.get("seq")),
            subject: row.get("subject"),
            reason: row.get("reason"),
            recorded_at: Timestamp::from_nanos(row.get("recorded_at")),
        })
        .collect())
}

/// A question about one view, `{view}`, put to all of them at once.
pub(super) fn of_every_view(sql: &str, order: &str) -> String {
    let each: Vec<String> = VIEWS.iter().map(|view| sql.replace("{view}", view.name)).collect();
    each.join("UNION ALL\n") + order
}
