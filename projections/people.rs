//! The one place where personal values are kept: under the opaque id that stands for each on the
//! log. Not a view, because nothing could rebuild it. Who may see a value is the asker's affair.

use std::collections::BTreeMap;

use crate::{columns::text, database::Database, error::ProjectionError};

/// Keeps values under their ids; durable when this returns. An id that is known keeps its value.
pub async fn keep(database: &Database, people: &[(String, String)]) -> Result<(), ProjectionError> {
    if people.is_empty() {
        return Ok(());
    }
    let ids: Vec<&str> = people.iter().map(|(id, _)| id.as_str()).collect();
    let values: Vec<_> = people.iter().map(|(_, value)| text(value)).collect();
    let mut session = database.lend().await?;
    session.execute(include_str!("people/keep.sql"), &[&ids, &values]).await?;
    session.give_back();
    Ok(())
}

/// The values of those ids that are known; one that was erased is not among them.
pub async fn names(
    database: &Database,
    ids: &[String],
) -> Result<BTreeMap<String, String>, ProjectionError> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut session = database.lend().await?;
    let rows = session.query(include_str!("people/names.sql"), &[&ids]).await?;
    session.give_back();
    Ok(rows.iter().map(|row| (row.get("id"), row.get("value"))).collect())
}
