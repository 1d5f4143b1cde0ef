//! Who may come in: holders with their tokens.

use helmstream_schemas::Id;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AsOf, Page, Place,
    cursor::Cursor,
    order::{Field, Order, Sorted},
    rows_limit,
};
use crate::{
    access::AccessView,
    columns::{id_back, json_back, text},
    database::Database,
    error::ProjectionError,
    past::Past,
    session::Value,
};

/// Which holders to list.
#[derive(Debug, Clone, Default)]
pub struct AccessFilter {
    /// Only those who act as this.
    pub actor: Option<String>,
    /// Only those who have had a token of this id.
    pub token: Option<String>,
    /// How many holders at most.
    pub limit: u32,
    pub order: Order<HolderShown>,
    /// Where the page before this one ended: its `next`.
    pub cursor: Option<Cursor>,
    /// The view as it was; without it, as it is.
    pub past: Option<Past>,
}

/// A holder with its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HolderShown {
    pub id: Id,
    #[serde(flatten)]
    pub view: AccessView,
}

impl Sorted for HolderShown {
    const FIELDS: &'static [Field] = &[
        Field::number("last_seq", "last_seq"),
        Field::text("holder", "id"),
        Field::text("actor", "actor COLLATE \"C\""),
    ];
}

/// Lists holders.
pub async fn access_list(
    database: &Database,
    filter: &AccessFilter,
) -> Result<AsOf<Page<HolderShown>>, ProjectionError> {
    let (value, id) = filter.order.ended(filter.cursor.as_ref())?;
    let place = Place { view: "access", past: filter.past.as_ref() };
    let (mut session, as_of_seq) = place.moment(database, include_str!("as_of_access.sql")).await?;
    let list = place.of_it(include_str!("access_list.sql"));
    let (actor, token) = (filter.actor.as_deref().map(text), filter.token.as_deref().map(text));
    let limit = rows_limit(filter.limit);
    let values: &[Value<'_>] = &[&actor, &token, &value, &id, &limit];
    let rows = session.query(&filter.order.of_it(&list), values).await?;
    session.end().await?;
    let holders = rows.iter().map(|row| {
        Ok(HolderShown {
            id: id_back("access", row.get("id"))?,
            view: json_back("access", row.get("view"))?,
        })
    });
    let holders = holders.collect::<Result<_, ProjectionError>>()?;
    let next = filter.order.next(&rows, limit);
    Ok(AsOf { as_of_seq, answer: Page { rows: holders, next } })
}
