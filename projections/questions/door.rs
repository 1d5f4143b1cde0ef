//! What the door asks of the ledger: whether a publish was seen before, how far the ledger has
//! read, and which publishes have no outcome.

use std::ops::RangeInclusive;

use helmstream_schemas::Hash;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::bounded;
use crate::{
    columns::{hash_back, seq, seq_back},
    database::Database,
    error::ProjectionError,
    limits::UNACCOUNTED_MAX,
};

/// A publish that the ledger knows by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub door_key: Hash,
    /// Digest of what was published; absent if it was not read so far.
    pub content_hash: Option<Hash>,
    /// Where it stood in INBOX.
    pub inbox_sequence: Option<u64>,
    /// The command it became, if it did.
    pub command_id: Option<Uuid>,
}

/// How far the ledger holds a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LedgerPosition {
    pub stream: String,
    pub applied_seq: u64,
    pub read_to_seq: u64,
}

/// Every publish under one of these keys, those that came first before the others.
pub async fn seen(database: &Database, door_keys: &[Hash]) -> Result<Vec<Seen>, ProjectionError> {
    bounded(door_keys)?;
    let keys: Vec<&[u8]> = door_keys.iter().map(|key| &key.0[..]).collect();
    let mut session = database.lend().await?;
    let rows = session.query(include_str!("seen.sql"), &[&keys]).await?;
    session.give_back();
    rows.iter()
        .map(|row| {
            let content: Option<&[u8]> = row.get("content_hash");
            Ok(Seen {
                door_key: hash_back("record", row.get("door_key"))?,
                content_hash: content.map(|hash| hash_back("record", hash)).transpose()?,
                inbox_sequence: row.get::<_, Option<i64>>("inbox_seq").map(seq_back),
                command_id: row.get("command_id"),
            })
        })
        .collect()
}

/// How far the ledger holds each stream.
pub async fn positions(database: &Database) -> Result<Vec<LedgerPosition>, ProjectionError> {
    let mut session = database.lend().await?;
    let rows = session.query(include_str!("positions.sql"), &[]).await?;
    session.give_back();
    Ok(rows
        .iter()
        .map(|row| LedgerPosition {
            stream: row.get("stream"),
            applied_seq: seq_back(row.get("applied_seq")),
            read_to_seq: seq_back(row.get("read_to_seq")),
        })
        .collect())
}

/// Which of these positions of INBOX no record accounts for: neither a command nor an entry of the
/// journal. The first `UNACCOUNTED_MAX` of them.
pub async fn unaccounted(
    database: &Database,
    inbox: RangeInclusive<u64>,
) -> Result<Vec<u64>, ProjectionError> {
    let (from, to) = (seq(*inbox.start()), seq(*inbox.end()));
    let mut session = database.lend().await?;
    let rows =
        session.query(include_str!("unaccounted.sql"), &[&from, &to, &UNACCOUNTED_MAX]).await?;
    session.give_back();
    Ok(rows.iter().map(|row| seq_back(row.get("inbox_seq"))).collect())
}
