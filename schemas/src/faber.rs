//! FABER's own event envelope, read tolerantly: only what a run cannot be told without is
//! required, every word is kept as written, and what is unknown is kept beside it. What the
//! envelope means is decided in the core.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// Every type that FABER's emitter accepts, in its own order.
pub const TYPES: [&str; 34] = [
    "workflow_start",
    "workflow_complete",
    "workflow_error",
    "workflow_cancelled",
    "workflow_resumed",
    "workflow_rerun",
    "phase_start",
    "phase_skip",
    "phase_complete",
    "phase_error",
    "step_start",
    "step_complete",
    "step_error",
    "step_retry",
    "artifact_create",
    "artifact_modify",
    "commit_create",
    "branch_create",
    "pr_create",
    "pr_merge",
    "spec_generate",
    "spec_validate",
    "test_run",
    "docs_update",
    "checkpoint",
    "skill_invoke",
    "agent_invoke",
    "decision_point",
    "retry_loop_enter",
    "retry_loop_exit",
    "approval_request",
    "approval_granted",
    "approval_denied",
    "hook_execute",
];

/// One event of a run as FABER writes it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Envelope {
    /// A counter per run, not a global id; FABER starts at 1, and damaged runs hold a 0.
    pub event_id: u64,
    #[serde(rename = "type")]
    pub kind: String,
    /// As written: it may lack a zone.
    pub timestamp: String,
    pub run_id: String,
    pub phase: Option<String>,
    pub step: Option<String>,
    pub status: Option<String>,
    pub user: Option<String>,
    pub source: Option<String>,
    pub message: Option<String>,
    pub duration_ms: Option<u64>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub metadata: Map<String, Value>,
    #[serde(default, deserialize_with = "or_nothing")]
    pub artifacts: Vec<Value>,
    pub error: Option<Value>,
    /// Whatever else the emitter wrote.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A `null` says no more than a field that is not there.
fn or_nothing<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}
