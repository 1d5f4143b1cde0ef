//! Requests that only HTTP has: what the command line asks by publishing an event, and what stands
//! in a path by itself.

use std::collections::BTreeSet;

use helmstream_schemas::{ActorKind, Hash, Timestamp, access::Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::client::past::When;

/// Nothing that would have to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Nothing {}

/// At which gate consent is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRequest {
    /// The run, by any of its names.
    pub run: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What people are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What people are shown; only its digest is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Value>,
    /// For how long it can be answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_for_ms: Option<u64>,
}

/// An answer to an approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRequest {
    /// The approval's id.
    pub approval: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Digest of what was shown, so that it cannot have changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Hash>,
}

/// An entry of a registry of deployments, as FABER writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RegisterRequest(pub Map<String, Value>);

/// Which unit holds nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetireRequest {
    /// The unit's id.
    pub unit: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Which publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OutcomeRequest {
    /// Its position in INBOX.
    pub inbox_sequence: u64,
    /// How often it was sent: of one that was sent again, what its first copy became is told too.
    #[serde(default = "once")]
    pub sent_times: u32,
    /// How long the outcome is waited for; not at all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 30))]
    pub wait_seconds: Option<u64>,
}

fn once() -> u32 {
    1
}

/// A token that shall let somebody in; whoever asks has made it, and only its digest travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenCreateRequest {
    /// What stands between the prefix and the secret.
    #[schemars(regex(pattern = "^[0-9A-Za-z]{12}$"))]
    pub id: String,
    /// Who acts by it.
    #[schemars(length(min = 1, max = 128))]
    pub actor: String,
    pub kind: ActorKind,
    pub role: Role,
    /// Contexts to which it is limited; none means all.
    #[serde(default)]
    pub scopes: BTreeSet<String>,
    /// Tells it from another of the same actor: a machine, a purpose.
    #[schemars(length(min = 1, max = 64))]
    pub label: String,
    pub expires_at: Timestamp,
    /// SHA-256 of the whole token, as hexadecimal text.
    pub sha256: Hash,
}

/// A token that shall let nobody in any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRevokeRequest {
    pub id: String,
    /// Its holder: actor and label, as the list of tokens tells them.
    pub holder: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Which command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommandRequest {
    pub command_id: Uuid,
}

/// Which moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MomentRequest {
    /// A position, or a time as in RFC 3339.
    pub when: When,
}
