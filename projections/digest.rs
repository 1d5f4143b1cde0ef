//! The rows of a view in a few digests, with the position up to which they were folded: two planes whose
//! digests are the same show the same. It is for comparing, and proves nothing against somebody who
//! looks for rows that add up alike; for that each record has its hash.

use helmstream_schemas::Hash;
use serde::{Deserialize, Serialize};

use crate::{
    columns::seq_back,
    database::{Database, Lent},
    error::ProjectionError,
    limits::DIGEST_TIMEOUT_SECONDS,
    views::View,
};

/// A view as it stood at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewDigest {
    pub view: String,
    pub version: u32,
    /// Up to where it was folded, on each stream that it reads.
    pub positions: Vec<Position>,
    pub tables: Vec<TableDigest>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    pub stream: String,
    pub read_to_seq: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDigest {
    pub table: String,
    pub rows: u64,
    pub digest: Hash,
}

impl ViewDigest {
    /// Up to where it was folded on a stream.
    pub fn read_to(&self, stream: &str) -> u64 {
        self.positions.iter().find(|at| at.stream == stream).map_or(0, |at| at.read_to_seq)
    }

    /// Rows of all its tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// The view as readers see it at this moment.
pub async fn digest(database: &Database, view: &View) -> Result<ViewDigest, ProjectionError> {
    let mut session = database.moment(&[view.name]).await?;
    let settings = include_str!("digest/settings.sql")
        .replace("{seconds}", &DIGEST_TIMEOUT_SECONDS.to_string());
    session.run("write rows in one way", &settings).await?;
    let stands = include_str!("digest/stands.sql").replace("{view}", view.name);
    let rows = session.query(&stands, &[]).await?;
    let mut version = view.version;
    let mut positions = Vec::with_capacity(rows.len());
    for row in &rows {
        version = u32::try_from(row.get::<_, i32>("version")).unwrap_or_default();
        let read_to_seq = seq_back(row.get("read_to_seq"));
        positions.push(Position { stream: row.get("stream"), read_to_seq });
    }
    let names = session.query(include_str!("digest/tables.sql"), &[&view.name]).await?;
    let mut tables = Vec::with_capacity(names.len());
    for row in &names {
        tables.push(of_table(&mut session, view.name, row.get("name")).await?);
    }
    session.end().await?;
    Ok(ViewDigest { view: view.name.to_owned(), version, positions, tables })
}

async fn of_table(
    session: &mut Lent,
    view: &'static str,
    table: String,
) -> Result<TableDigest, ProjectionError> {
    // The name is one of ours, out of the catalogue: letters and underscores.
    let sql = include_str!("digest/rows.sql").replace("{table}", &format!("{view}.{table}"));
    let found = session.query(&sql, &[]).await?;
    let row = found.first().ok_or_else(|| ProjectionError::Row {
        table: view,
        detail: "adding up its rows gives nothing".into(),
    })?;
    let (rows, sums): (i64, String) = (row.get("rows"), row.get("sums"));
    let rows = u64::try_from(rows).unwrap_or_default();
    let digest = Hash::of_parts(&[&table, &rows.to_string(), &sums]);
    Ok(TableDigest { table, rows, digest })
}
