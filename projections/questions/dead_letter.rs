//! What could not be read, as the journal tells it. The whole message stands in DEADLETTERS, which
//! is not a view.

use helmstream_schemas::{Timestamp, journal::DeadLetter};
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{AsOf, as_of_ledger, rows_limit};
use crate::{
    columns::{seq, seq_back},
    database::Database,
    error::ProjectionError,
};

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetterShown {
    /// Position of the entry in the journal; lists are in this order.
    pub sequence: u64,
    pub recorded_at: Timestamp,
    #[serde(flatten)]
    pub letter: DeadLetter,
}

/// Lists dead letters, the latest first; `before` is the `sequence` where the page before ended.
pub async fn dead_letter_list(
    database: &Database,
    before: Option<u64>,
    limit: u32,
) -> Result<AsOf<Vec<DeadLetterShown>>, ProjectionError> {
    let mut session = database.moment().await?;
    let as_of_seq = as_of_ledger(&mut session).await?;
    let (before, limit) = (before.map(seq), rows_limit(limit));
    let rows = session.query(include_str!("dead_letter_list.sql"), &[&before, &limit]).await?;
    session.end().await?;
    Ok(AsOf { as_of_seq, answer: rows.iter().map(letter_back).collect::<Result<_, _>>()? })
}

/// Shows the dead letter that a publish became; `None` if it became none.
pub async fn dead_letter_show(
    database: &Database,
    inbox_sequence: u64,
) -> Result<AsOf<Option<DeadLetterShown>>, ProjectionError> {
    let mut session = database.moment().await?;
    let as_of_seq = as_of_ledger(&mut session).await?;
    let rows = session.query(include_str!("dead_letter_show.sql"), &[&seq(inbox_sequence)]).await?;
    session.end().await?;
    Ok(AsOf { as_of_seq, answer: rows.first().map(letter_back).transpose()? })
}

fn letter_back(row: &Row) -> Result<DeadLetterShown, ProjectionError> {
    let letter = serde_json::from_slice(row.get("payload"))
        .map_err(|error| ProjectionError::Row { table: "record", detail: error.to_string() })?;
    Ok(DeadLetterShown {
        sequence: seq_back(row.get("seq")),
        recorded_at: Timestamp::from_nanos(row.get("recorded_at")),
        letter,
    })
}
