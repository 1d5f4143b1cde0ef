//! Who asked, as an event tells it: the identity that a door authenticated. Never what a message
//! says of itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ActorKind;

/// Who asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// The identity, such as `operator`.
    pub id: String,
    pub kind: ActorKind,
}
