//! Editions: a view's rows as one version of it gives them, in a schema of their own. One edition
//! of each view serves readers, by the name that outlives editions; others build up or stand by
//! beside it, folded from the same log. How one takes the other's place is in `swap`.

pub mod swap;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use crate::{
    database::Database,
    error::ProjectionError,
    projection::Projection,
    session::{Session, Value},
    views::View,
};

/// An edition of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edition {
    /// The schema that holds its rows.
    pub edition: String,
    pub projection: String,
    pub version: u32,
    /// Counts the editions of a version.
    pub number: u32,
    pub state: EditionState,
}

/// What an edition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EditionState {
    /// Readers see it.
    Serving,
    /// It served before, and is kept level so that it can again.
    Standby,
    /// It has not served yet.
    Building,
}

impl EditionState {
    pub const ALL: [Self; 3] = [Self::Serving, Self::Standby, Self::Building];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Standby => "standby",
            Self::Building => "building",
        }
    }
}

/// The schema of an edition: the first bears the version alone.
pub fn schema(projection: &str, version: u32, number: u32) -> String {
    match number {
        1 => format!("{projection}_v{version}"),
        _ => format!("{projection}_v{version}_{number}"),
    }
}

/// Every edition of every view.
pub async fn editions(database: &Database) -> Result<Vec<Edition>, ProjectionError> {
    let mut session = database.lend().await?;
    let editions = all(&mut session).await?;
    session.give_back();
    Ok(editions)
}

/// The editions that this program folds of a view: those of the version that it knows. Each by the number
/// of its schema, by which it differs from one of the same name that was dropped before it.
pub async fn folded<P: Projection>(
    database: &Database,
) -> Result<BTreeMap<u32, Edition>, ProjectionError> {
    let mut session = database.lend().await?;
    let values: &[Value<'_>] = &[&P::NAME, &(P::VERSION as i32)];
    let rows = session.query(include_str!("of_version.sql"), values).await?;
    session.give_back();
    rows.iter().map(|row| Ok((row.get("schema"), edition_back(row)?))).collect()
}

pub(crate) async fn all(session: &mut Session) -> Result<Vec<Edition>, ProjectionError> {
    session.query(include_str!("list.sql"), &[]).await?.iter().map(edition_back).collect()
}

fn edition_back(row: &Row) -> Result<Edition, ProjectionError> {
    let word: &str = row.get("state");
    let state = EditionState::ALL.into_iter().find(|state| state.word() == word);
    let count = |name: &str| u32::try_from(row.get::<_, i32>(name)).unwrap_or_default();
    Ok(Edition {
        edition: row.get("edition"),
        projection: row.get("projection"),
        version: count("version"),
        number: count("number"),
        state: state.ok_or_else(|| ProjectionError::Row {
            table: "edition",
            detail: format!("state `{word}`"),
        })?,
    })
}

/// Notes an edition of a view.
pub(crate) async fn add(
    session: &mut Session,
    view: &View,
    number: u32,
    state: EditionState,
) -> Result<(), ProjectionError> {
    let (schema, count) = (view.schema(number), |count: u32| count as i32);
    let values: &[Value<'_>] =
        &[&schema, &view.name, &count(view.version), &count(number), &state.word()];
    session.execute(include_str!("add.sql"), values).await.map(drop)
}
