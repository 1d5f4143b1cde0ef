//! Questions about what is deployed where. Registering and retiring are publishes: see `ask`.

use std::collections::BTreeMap;

use helmstream_projections::{
    deployment::Standing,
    questions::{
        cursor::Cursor,
        deployment::{UnitLine, UnitShown},
        order::Order,
    },
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list_rows;

/// Which units to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListRequest {
    /// Only of this domain, in any spelling.
    #[serde(default)]
    pub domain: Option<String>,
    /// Only of this environment, in any spelling.
    #[serde(default)]
    pub environment: Option<String>,
    #[serde(default)]
    pub standing: Option<Standing>,
    #[serde(default = "list_rows")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
    /// By which field, the smallest first; with `-` before it the greatest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Order<UnitLine>>,
    /// The `next` of the page before.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub before: Option<Cursor>,
    /// As of this position; of what is there now if absent.
    #[serde(default)]
    pub at: Option<u64>,
}

/// A page of units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeploymentList")]
pub struct List {
    pub units: Vec<UnitLine>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
}

/// Which unit to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShowRequest {
    /// Its id with the words in any spelling, or the id of a deployment in it.
    pub name: String,
    /// As of this position; of what is there now if absent.
    #[serde(default)]
    pub at: Option<u64>,
}

/// A unit whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeploymentShown")]
pub struct Shown {
    #[serde(flatten)]
    pub unit: UnitShown,
    /// The deployment that was asked for, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<String>,
    /// Who stands behind the opaque ids of persons, as far as that is known and the asker may see
    /// it.
    pub people: BTreeMap<String, String>,
}
