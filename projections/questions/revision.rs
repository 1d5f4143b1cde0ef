//! The revision of aggregates: the position of the last record on the subject of each, refusals
//! included. It is what the guard of the next append names, so it is taken from the records
//! themselves and not from what a view made of them.

use std::collections::BTreeMap;

use super::{AsOf, as_of_ledger, bounded};
use crate::{
    columns::{seq, seq_back},
    database::Database,
    error::ProjectionError,
    session::Session,
};

/// Revisions by subject, as of a position at most; the answer is as of what the ledger has read of
/// it. What has no record yet is not among them.
pub async fn revisions(
    database: &Database,
    subjects: &[String],
    up_to: u64,
) -> Result<AsOf<BTreeMap<String, u64>>, ProjectionError> {
    bounded(subjects)?;
    let mut session = database.moment(&["ledger"]).await?;
    let as_of_seq = as_of_ledger(&mut session).await?.min(up_to);
    let answer = revisions_at(&mut session, subjects, as_of_seq).await?;
    session.end().await?;
    Ok(AsOf { as_of_seq, answer })
}

/// The same, within a moment of the database.
pub(super) async fn revisions_at(
    session: &mut Session,
    subjects: &[String],
    up_to: u64,
) -> Result<BTreeMap<String, u64>, ProjectionError> {
    let rows = session.query(include_str!("revisions.sql"), &[&subjects, &seq(up_to)]).await?;
    Ok(rows.iter().map(|row| (row.get("subject"), seq_back(row.get("revision")))).collect())
}
