//! What the files of a run say of it, as the plane saw them: states, which are written over again
//! and again, what a run was begun with, and lines of a changelog. A file has no numbers of its
//! own; what it adds to what was known is told as the changes between two sightings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Artifact, Autonomy, Place, Removal};
use crate::{Hash, Timestamp};

/// A file of a run was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observe {
    pub sighting: Sighting,
    pub told: Told,
}

/// Which file was seen, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sighting {
    /// Where the file lies in its project's folder.
    pub path: String,
    /// Digest of what the file says, after cleaning.
    pub content: Hash,
    /// When the door received it.
    pub received_at: Timestamp,
    /// When the file was last written, as the file system or the commit says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
    /// The commit that holds this content, where it comes out of a repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<Commit>,
    /// What the door took out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<Removal>,
}

/// A commit that holds a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Commit {
    pub id: String,
    pub committed_at: Timestamp,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// How the run stands: `state.json` in any of its shapes.
    State(State),
    /// What the run was begun with: `metadata.json`.
    Metadata(About),
    /// What the run published: one line of a changelog.
    Published(Published),
}

/// What a file says of the run as a whole.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct About {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy: Option<Autonomy>,
    /// The autonomy as written, where it is not the canonical word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autonomy_text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whatever else the file says, as it says it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub rest: Map<String, Value>,
}

/// How a run stands, as its state file says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    pub about: About,
    /// As written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Moment>,
    /// In the order of the file; of a map, in FABER's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseState>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepState>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
}

/// A time as a file writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Moment {
    /// Absent if what was written cannot be read as an instant (no zone, for one).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    pub text: String,
}

/// How a phase stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseState {
    pub place: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub rest: Map<String, Value>,
}

/// How a step stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StepState {
    pub place: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub rest: Map<String, Value>,
}

/// One line of a changelog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Published {
    /// The line's own id, which may come twice with other content.
    pub id: String,
    /// Such as `INFRASTRUCTURE_DEPLOYED`.
    pub word: String,
    pub place: Place,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub rest: Map<String, Value>,
}

/// A file of the run was seen, and what it adds to what was known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observed {
    pub sighting: Sighting,
    pub told: Told,
    /// What is different from the sighting before; everything, for the first. Nothing for one that
    /// is older than what was seen already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contradictions: Vec<Contradiction>,
    /// It is older than what was seen already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// When the run counts as stalled if nothing more is heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalls_at: Option<Timestamp>,
}

/// What is different between two sightings of a state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Change {
    Run {
        from: Option<String>,
        to: String,
    },
    Phase {
        place: Place,
        from: Option<String>,
        to: String,
    },
    Step {
        place: Place,
        from: Option<String>,
        to: String,
        completed_at: Option<Timestamp>,
        message: Option<String>,
    },
    /// A step that was there is not any more.
    StepGone {
        place: Place,
    },
}

/// Where what a file says cannot all be true.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Contradiction {
    /// A step is a success, and its message says that it was still running.
    StillRunning { place: Place, message: String },
    /// Something is dated after the file was received, or after the commit that holds it.
    AheadOfSighting {
        /// The step; absent for the run itself.
        place: Option<Place>,
        claimed_at: Timestamp,
        seen_at: Timestamp,
        ahead_ms: u64,
    },
    /// Steps changed while the time of the last change stood still.
    FrozenUpdate { updated_at: Timestamp, changes: u32 },
    /// A step that had ended is not there any more, or has not ended any more.
    Undone { place: Place, from: String },
    /// The run's status is not one that can follow the one before.
    Move { from: String, to: String },
}
