//! Questions about runs.

use std::collections::BTreeMap;

use helmstream_projections::{
    questions::{
        cursor::Cursor,
        order::Order,
        run::{RunLine, RunShown},
    },
    run::RunStatus,
};
use helmstream_schemas::Id;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list_rows;

/// Which runs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListRequest {
    /// Any of these; all but merged ones if there are none.
    #[serde(default)]
    pub statuses: Vec<RunStatus>,
    #[serde(default = "list_rows")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
    /// By which field, the smallest first; with `-` before it the greatest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Order<RunLine>>,
    /// The `next` of the page before.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub before: Option<Cursor>,
    /// As of this position; of what is there now if absent.
    #[serde(default)]
    pub at: Option<u64>,
}

/// A page of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RunList")]
pub struct List {
    pub runs: Vec<RunLine>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
}

/// Which run to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShowRequest {
    /// Its id, a second name of it, or a beginning of its id.
    pub name: Id,
    /// As of this position; of what is there now if absent.
    #[serde(default)]
    pub at: Option<u64>,
}

/// A run whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RunShown")]
pub struct Shown {
    #[serde(flatten)]
    pub run: RunShown,
    /// Who stands behind the opaque ids of persons, as far as that is known and the asker may see
    /// it.
    pub people: BTreeMap<String, String>,
}
