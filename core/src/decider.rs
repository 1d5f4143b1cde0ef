//! What a context has to say to be decided: its state, what it refuses, and the two functions
//! between commands and events.

use std::fmt::{Debug, Display};

use helmstream_schemas::{Context, Timestamp};
use serde::{Serialize, de::DeserializeOwned};

/// A context's decisions. All functions are pure and total.
pub trait Decider: Clone + Debug + Send + Sync + 'static {
    const CONTEXT: Context;
    /// Counts up whenever `State` or `evolve` changes; snapshots of another version are ignored.
    const STATE_VERSION: u32;

    type State: Clone + Debug + Default + PartialEq + Send + Sync + Serialize + DeserializeOwned;
    type Command: DeserializeOwned + Send;
    type Event: Debug + Send + Sync + Serialize + DeserializeOwned;
    type Rejection: Rejection + Send;

    /// What happens when `command` is asked in `state`. No event means that nothing changes.
    /// Normally one event; a second is the exception, because together they cost a batch.
    fn decide(
        state: &Self::State,
        command: Self::Command,
    ) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// The state after `event`.
    fn evolve(state: Self::State, event: &Self::Event) -> Self::State;

    /// What has to be armed in `state`. One deadline a purpose.
    fn deadlines(_state: &Self::State) -> Vec<Deadline> {
        Vec::new()
    }

    /// Every purpose `deadlines` can give.
    fn deadline_purposes() -> &'static [&'static str] {
        &[]
    }

    /// The command a deadline of `purpose` gives when it fires; the only commands a deadline can
    /// give. `None` if there is no such purpose.
    fn on_due(_purpose: &str, _fired_at: Timestamp) -> Option<(&'static str, Vec<u8>)> {
        None
    }
}

/// Why a command should not have been asked.
pub trait Rejection: Debug + Display {
    /// A word for the reason, the same for every rejection of that reason.
    fn reason(&self) -> &'static str;
}

/// Something to be done at an instant unless the state has moved on by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    pub purpose: &'static str,
    pub at: Timestamp,
}
