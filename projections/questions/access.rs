//! Who may come in: holders with their tokens.

use helmstream_schemas::Id;
use serde::{Deserialize, Serialize};

use super::{AsOf, Place, rows_limit};
use crate::{
    access::AccessView,
    columns::{id_back, json_back, seq, text},
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
    /// Only those about whom something was last decided before this position.
    pub before: Option<u64>,
    /// The view as it was; without it, as it is.
    pub past: Option<Past>,
}

/// A holder with its tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolderShown {
    pub id: Id,
    #[serde(flatten)]
    pub view: AccessView,
}

/// Lists holders, those about whom something was decided last first.
pub async fn access_list(
    database: &Database,
    filter: &AccessFilter,
) -> Result<AsOf<Vec<HolderShown>>, ProjectionError> {
    let place = Place { view: "access", past: filter.past.as_ref() };
    let (mut session, as_of_seq) = place.moment(database, include_str!("as_of_access.sql")).await?;
    let list = place.of_it(include_str!("access_list.sql"));
    let (actor, token) = (filter.actor.as_deref().map(text), filter.token.as_deref().map(text));
    let (before, limit) = (filter.before.map(seq), rows_limit(filter.limit));
    let values: &[Value<'_>] = &[&actor, &token, &before, &limit];
    let rows = session.query(&list, values).await?;
    session.end().await?;
    let holders = rows.iter().map(|row| {
        Ok(HolderShown {
            id: id_back("access", row.get("id"))?,
            view: json_back("access", row.get("view"))?,
        })
    });
    Ok(AsOf { as_of_seq, answer: holders.collect::<Result<_, ProjectionError>>()? })
}
