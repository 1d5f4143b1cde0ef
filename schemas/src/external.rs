//! Words of the context `external`: facts that were published in good form and have no meaning
//! here. They are kept by their source, whole, and found by their ids.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What can be asked of a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExternalCommand {
    /// Keep a fact of this source.
    Record(ExternalFact),
}

/// What can have happened to a source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExternalEvent {
    /// A fact of this source was kept.
    Recorded(ExternalFact),
}

/// A CloudEvent of a type without a meaning here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExternalFact {
    /// The publisher's own id for it.
    pub id: String,
    /// The type as published.
    #[serde(rename = "type")]
    pub kind: String,
    /// All other attributes as published, cleaned.
    pub attributes: Map<String, Value>,
    /// The data as published, cleaned; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
    /// What the door took out of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<crate::run::Removal>,
}
