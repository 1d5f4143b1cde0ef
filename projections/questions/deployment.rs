//! What is deployed where: units in a list, one unit with the chain of its deployments, and the
//! units of a deployment.

use helmstream_schemas::{Context, Id, Subject, deployment::Unit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{
    AsOf, Place, as_of, as_of_ledger,
    cursor::Cursor,
    history::{history, taken},
    order::{Field, Order, Sorted},
    rows_limit,
};
use crate::{
    columns::{id_back, seq, text},
    database::Database,
    deployment::{Deployment, Entry, Link, Standing, UnitState, chain, state_back},
    error::ProjectionError,
    past::Past,
    projection::Fit,
    session::Value,
};

/// Which units to list.
#[derive(Debug, Clone, Default)]
pub struct UnitFilter {
    /// A domain in any spelling.
    pub domain: Option<String>,
    /// An environment in any spelling.
    pub environment: Option<String>,
    pub standing: Option<Standing>,
    pub order: Order<UnitLine>,
    /// How many at most.
    pub limit: u32,
    /// Where the page before this one ended: its `next`.
    pub cursor: Option<Cursor>,
    /// The view as it was; without it, as it is.
    pub past: Option<Past>,
}

/// A page of units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnitPage {
    pub units: Vec<UnitLine>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
}

/// A unit in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnitLine {
    pub id: Id,
    pub standing: Standing,
    #[serde(flatten)]
    pub state: UnitState,
}

impl Sorted for UnitLine {
    const FIELDS: &'static [Field] = &[
        Field::number("deployed_seq", "deployed_seq"),
        Field::text("id", "id"),
        Field::text("domain", "domain COLLATE \"C\""),
        Field::text("environment", "environment COLLATE \"C\""),
    ];
}

/// A unit whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct UnitShown {
    #[serde(flatten)]
    pub line: UnitLine,
    /// Every deployment, the youngest first.
    pub chain: Vec<Link>,
    /// Position of the last record on its subject, refusals included: what the guard of the next
    /// append names.
    pub revision: u64,
}

/// Lists units.
pub async fn deployment_list(
    database: &Database,
    filter: &UnitFilter,
) -> Result<AsOf<UnitPage>, ProjectionError> {
    let (value, id) = filter.order.ended(filter.cursor.as_ref())?;
    let place = Place { view: "deployment", past: filter.past.as_ref() };
    let as_of_deployment = include_str!("as_of_deployment.sql");
    let (mut session, as_of_seq) = place.moment(database, as_of_deployment).await?;
    let list = place.of_it(include_str!("deployment_list.sql"));
    let domain = filter.domain.as_ref().map(|word| key_words(word, "")[0].clone());
    let environment = filter.environment.as_ref().map(|word| key_words("", word)[1].clone());
    let (domain, environment) = (domain.as_deref().map(text), environment.as_deref().map(text));
    let standing = filter.standing.map(Standing::word);
    let limit = rows_limit(filter.limit);
    let values: &[Value<'_>] = &[&domain, &environment, &standing, &value, &id, &limit];
    let rows = session.query(&filter.order.of_it(&list), values).await?;
    session.end().await?;
    let units = rows.iter().map(line_back).collect::<Result<Vec<_>, _>>()?;
    let next = filter.order.next(&rows, limit);
    Ok(AsOf { as_of_seq, answer: UnitPage { units, next } })
}

/// Shows a unit; `None` if nothing was ever told of it. `at` is the position as of which it is
/// shown; without one, the last that was read.
pub async fn deployment_show(
    database: &Database,
    unit: &Id,
    at: Option<u64>,
) -> Result<AsOf<Option<UnitShown>>, ProjectionError> {
    let mut session = database.moment(&["ledger"]).await?;
    let read_to = as_of_ledger(&mut session).await?;
    let as_of_seq = at.map_or(read_to, |at| at.min(read_to));
    let subject = Subject::Event { context: Context::Deployment, id: unit.clone() }.to_string();
    let records = history(&mut session, &[subject], as_of_seq).await?;
    session.end().await?;
    let (mut state, mut entries) = (UnitState::default(), Vec::new());
    for Fit { record, event } in taken::<Deployment>(&records) {
        let Some(event) = event else { continue };
        state.fold(record.sequence, &event);
        entries.push(Entry { sequence: record.sequence, event });
    }
    if entries.is_empty() {
        return Ok(AsOf { as_of_seq, answer: None });
    }
    let line = UnitLine { id: unit.clone(), standing: state.standing(), state };
    let revision = records.last().map_or(0, |record| record.sequence);
    Ok(AsOf { as_of_seq, answer: Some(UnitShown { line, chain: chain(entries), revision }) })
}

/// The units that hold a deployment of that id: more than one if two sources gave one id.
pub async fn deployment_units(
    database: &Database,
    deployment: &str,
    at: Option<u64>,
) -> Result<AsOf<Vec<Id>>, ProjectionError> {
    let mut session = database.moment(&["deployment"]).await?;
    let read_to = as_of(&mut session, include_str!("as_of_deployment.sql")).await?;
    let as_of_seq = at.map_or(read_to, |at| at.min(read_to));
    let values: &[Value<'_>] = &[&text(deployment), &seq(as_of_seq)];
    let rows = session.query(include_str!("deployment_units.sql"), values).await?;
    session.end().await?;
    let ids = rows.iter().map(|row| id_back("registered", row.get("id")));
    Ok(AsOf { as_of_seq, answer: ids.collect::<Result<_, _>>()? })
}

fn key_words(domain: &str, environment: &str) -> [String; 2] {
    Unit::read(domain, environment, "").key_words()
}

fn line_back(row: &Row) -> Result<UnitLine, ProjectionError> {
    let state = state_back(row.get("state"))?;
    Ok(UnitLine { id: id_back("deployment", row.get("id"))?, standing: state.standing(), state })
}
