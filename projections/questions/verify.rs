//! What the database holds of a stretch of a stream, for comparing it with the log: rows of the
//! ledger, what it parked, the commands that events name, and where every view stands. It compares
//! nothing; that is `verify`.

use std::{collections::BTreeMap, fmt::Write, sync::LazyLock};

use helmstream_schemas::{Hash, Record, Timestamp};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{bounded, projection::of_every_view};
use crate::{
    columns::{seq, seq_back},
    database::Database,
    error::ProjectionError,
    verify::{Entry, SEARCHED, Standing},
};

static STANDINGS: LazyLock<String> = LazyLock::new(|| {
    of_every_view(include_str!("verify_standings.sql"), "ORDER BY projection, version, stream")
});

/// Where every view says that it stands, at one moment.
pub async fn standings(database: &Database) -> Result<Vec<Standing>, ProjectionError> {
    let mut session = database.lend().await?;
    let rows = session.query(&STANDINGS, &[]).await?;
    session.give_back();
    let standing = |row: &Row| Standing {
        projection: row.get("projection"),
        version: u32::try_from(row.get::<_, i32>("version")).unwrap_or_default(),
        stream: row.get("stream"),
        applied_seq: seq_back(row.get("applied_seq")),
        applied_hash: row.get::<_, Option<&[u8]>>("applied_hash").map(hexadecimal),
        read_to_seq: seq_back(row.get("read_to_seq")),
        epoch: row.get("epoch"),
        parked: seq_back(row.get("parked")),
    };
    Ok(rows.iter().map(standing).collect())
}

/// What the ledger holds from one position to another, in order: `limit` entries at most. From the
/// first position on, also what stands at positions that are none.
pub async fn entries(
    database: &Database,
    stream: &str,
    from: u64,
    to: u64,
    limit: usize,
) -> Result<Vec<Entry>, ProjectionError> {
    let from = if from <= 1 { i64::MIN } else { seq(from) };
    let (to, limit) = (seq(to), i64::try_from(limit).unwrap_or(i64::MAX));
    let mut session = database.moment(&["ledger"]).await?;
    let sql = include_str!("verify_rows.sql");
    let rows = session.query(sql, &[&stream, &from, &to, &limit]).await?;
    let sql = include_str!("verify_parked.sql");
    let parked = session.query(sql, &[&stream, &from, &to, &limit]).await?;
    session.end().await?;
    let mut entries: Vec<Entry> = rows.iter().map(|row| entry(row, true)).collect();
    entries.extend(parked.iter().map(|row| entry(row, false)));
    entries.sort_by_key(|entry| entry.sequence);
    entries.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(entries)
}

/// The hashes of commands, by id.
pub async fn command_hashes(
    database: &Database,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Vec<String>>, ProjectionError> {
    bounded(ids)?;
    let mut session = database.lend().await?;
    let rows = session.query(include_str!("verify_commands.sql"), &[&ids]).await?;
    session.give_back();
    let mut hashes: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for row in rows {
        hashes.entry(row.get("id")).or_default().push(hexadecimal(row.get("hash")));
    }
    Ok(hashes)
}

/// The last position at which the ledger has any row.
pub async fn last_row(database: &Database) -> Result<u64, ProjectionError> {
    let mut session = database.lend().await?;
    let rows = session.query(include_str!("verify_last.sql"), &[]).await?;
    session.give_back();
    Ok(rows.first().and_then(|row| row.get("last_seq")).map_or(0, seq_back))
}

/// The first row in a stretch that stands beyond where the ledger says that it has read the
/// stream, and how far that is.
pub async fn row_beyond(
    database: &Database,
    stream: &str,
    from: u64,
    to: u64,
) -> Result<Option<(u64, u64)>, ProjectionError> {
    let mut session = database.lend().await?;
    let sql = include_str!("verify_beyond.sql");
    let rows = session.query(sql, &[&stream, &seq(from), &seq(to)]).await?;
    session.give_back();
    Ok(rows.first().map(|row| (seq_back(row.get("seq")), seq_back(row.get("read_to_seq")))))
}

fn entry(row: &Row, has_columns: bool) -> Entry {
    let stream: String = row.get("stream");
    let sequence = seq_back(row.get("seq"));
    let attributes = serde_json::from_str(row.get("attributes")).ok();
    let record = attributes.map(|attributes| Record {
        stream: stream.clone(),
        subject: row.get("subject"),
        sequence,
        recorded_at: Timestamp::from_nanos(row.get("recorded_at")),
        attributes,
        payload: row.get("payload"),
    });
    Entry {
        stream,
        sequence,
        hash: has_columns.then(|| hexadecimal(row.get("hash"))),
        recomputed: record.as_ref().map(Hash::of_record),
        searched: has_columns.then(|| SEARCHED.map(|column| row.get(column))),
    }
}

/// Whatever stands in a column where a digest should.
fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
