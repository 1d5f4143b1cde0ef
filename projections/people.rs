//! The one place where personal values are kept: under the opaque id that stands for each on the
//! log. Not a view, because nothing could rebuild it. Who may see a value is the asker's affair.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

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

/// A personal value as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    pub id: String,
    pub value: String,
    /// Microseconds since the epoch.
    pub first_seen_us: i64,
}

/// The next values in the order of their ids, for a backup.
pub async fn page(
    database: &Database,
    after: &str,
    count: i64,
) -> Result<Vec<Person>, ProjectionError> {
    let mut session = database.lend().await?;
    let rows = session.query(include_str!("people/page.sql"), &[&after, &count]).await?;
    session.give_back();
    let person = |row: &Row| Person {
        id: row.get("id"),
        value: row.get("value"),
        first_seen_us: row.get("first_seen_us"),
    };
    Ok(rows.iter().map(person).collect())
}

/// Puts values back out of a backup; how many. One that is known keeps its value.
pub async fn put_back(database: &Database, people: &[Person]) -> Result<u64, ProjectionError> {
    let ids: Vec<&str> = people.iter().map(|person| person.id.as_str()).collect();
    let values: Vec<&str> = people.iter().map(|person| person.value.as_str()).collect();
    let seen: Vec<i64> = people.iter().map(|person| person.first_seen_us).collect();
    let mut session = database.lend().await?;
    let sql = include_str!("people/put_back.sql");
    let count = session.execute(sql, &[&ids, &values, &seen]).await?;
    session.give_back();
    Ok(count)
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
