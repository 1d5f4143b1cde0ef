//! Questions about approvals. Asking for one and answering it are publishes: see `ask`.

use helmstream_projections::{
    approval::Standing,
    questions::{
        approval::{ApprovalShown, ApprovalWhole},
        cursor::Cursor,
        order::Order,
    },
};
use helmstream_schemas::Id;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::list_rows;

/// Which approvals to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListRequest {
    /// Any, if absent.
    #[serde(default)]
    pub standing: Option<Standing>,
    /// Only those of gates of this run.
    #[serde(default)]
    pub run: Option<Id>,
    /// Only those whose last round was asked for by the same actor that asks now: whom the token is
    /// of, or the plane's user `operator` in place.
    #[serde(default)]
    pub mine: bool,
    #[serde(default = "list_rows")]
    #[schemars(range(min = 1, max = 1000))]
    pub limit: u32,
    /// By which field, the smallest first; with `-` before it the greatest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<Order<ApprovalShown>>,
    /// The `next` of the page before.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub before: Option<Cursor>,
    /// As of this position; of what is there now if absent.
    #[serde(default)]
    pub at: Option<u64>,
}

/// A page of approvals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ApprovalList")]
pub struct List {
    pub approvals: Vec<ApprovalShown>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Cursor>,
}

/// Which approval to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShowRequest {
    pub name: Id,
    /// As of this position; of what is there now if absent.
    #[serde(default)]
    pub at: Option<u64>,
}

/// An approval whole.
pub type Shown = ApprovalWhole;
