//! What has to be armed, for the sweeper that compares it with what is scheduled.

use helmstream_schemas::{Context, Id, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{AsOf, as_of, rows_limit};
use crate::{
    columns::{at_back, id_back, seq_back},
    database::Database,
    error::ProjectionError,
};

/// A deadline that has to be scheduled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ArmedDeadline {
    pub id: Id,
    pub purpose: String,
    pub due_at: Timestamp,
    /// Position of the event that armed it.
    pub armed_seq: u64,
}

/// Lists the armed deadlines of a context by their aggregates; `after` is the last of the page
/// before.
pub async fn deadlines_armed(
    database: &Database,
    context: Context,
    purpose: &str,
    after: Option<&Id>,
    limit: u32,
) -> Result<AsOf<Vec<ArmedDeadline>>, ProjectionError> {
    let mut session = database.moment(&["deadline"]).await?;
    let as_of_seq = as_of(&mut session, include_str!("as_of_deadline.sql")).await?;
    let (after, limit) = (after.map(Id::token), rows_limit(limit));
    let rows = session
        .query(include_str!("deadlines_armed.sql"), &[&context.name(), &purpose, &after, &limit])
        .await?;
    session.end().await?;
    let answer = rows
        .iter()
        .map(|row| {
            Ok(ArmedDeadline {
                id: id_back("deadline", row.get("id"))?,
                purpose: row.get("purpose"),
                due_at: at_back(row.get("due_at")).unwrap_or_default(),
                armed_seq: seq_back(row.get("armed_seq")),
            })
        })
        .collect::<Result<_, ProjectionError>>()?;
    Ok(AsOf { as_of_seq, answer })
}
