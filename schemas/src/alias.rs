//! Words of the context `alias`: a second name of an aggregate. The first claim of a name wins;
//! a name once given is never given again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Id;

/// What can have happened to a name. The subject's identity is the name itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AliasEvent {
    /// The name was given to an aggregate.
    Claimed(Claimed),
}

/// The name was given to an aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Claimed {
    /// The context of the aggregate that the name is for.
    pub context: String,
    /// The aggregate's identity, which never changes.
    pub id: Id,
}
