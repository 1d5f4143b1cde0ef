//! What events say of deadlines, and what they add up to. Of a run the same rule as its own: the
//! latest instant at which any report lets it stall, unless it stalled by then, is over, or was
//! merged. Every part is a maximum, so the order in which claims arrive does not matter. Of an
//! approval each round sets its deadlines, and closing it clears them.

use helmstream_schemas::{
    Timestamp,
    approval::ApprovalEvent,
    run::{Ending, RunEvent, Told},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one event says of a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Moves {
    /// Due then, if nothing later is said.
    pub due_at: Option<Timestamp>,
    /// The claim of this number began (`false`) or ended (`true`) what the deadline watches.
    pub life: Option<(u64, bool)>,
    /// The deadline of this instant came.
    pub fired_at: Option<Timestamp>,
    /// The aggregate proved to be another one, which has deadlines of its own.
    pub merged: bool,
    /// `due_at` holds whatever was said before.
    pub sets: bool,
}

/// The deadlines of an approval, by their purposes.
pub const EXPIRE: &str = "expire";
pub const REMIND: &str = "remind";

/// A deadline, as far as it was folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeadlineRow {
    pub due_at: Option<Timestamp>,
    /// Position of the event that set `due_at`.
    pub armed_seq: u64,
    /// The last claim that began or ended it: its number, and whether it ended it.
    pub life: Option<(u64, bool)>,
    /// The latest deadline that came.
    pub fired_at: Option<Timestamp>,
    pub is_merged: bool,
    pub last_seq: u64,
}

/// How a deadline stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineState {
    /// It has to be scheduled.
    Armed,
    /// It came.
    Fired,
    /// What it watches is over.
    Cleared,
    /// Nothing has been expected yet.
    Idle,
}

impl Moves {
    /// What an event of a run says of its one deadline.
    pub fn of_run(event: &RunEvent) -> Self {
        Self {
            due_at: event.stalls_at(),
            life: match event {
                RunEvent::Started(event) => Some((event.claim.number, false)),
                RunEvent::Resumed(event) => Some((event.claim.number, false)),
                RunEvent::Ended(event) => Some((event.claim.number, true)),
                // A state counts as long as no claim of a number speaks.
                RunEvent::Observed(event) if !event.late => match &event.told {
                    Told::State(state) => Some((0, state.status.as_deref().is_some_and(is_over))),
                    Told::Metadata(_) | Told::Published(_) => None,
                },
                _ => None,
            },
            fired_at: match event {
                RunEvent::Stalled(event) => Some(event.due_at),
                _ => None,
            },
            merged: matches!(event, RunEvent::Merged(_)),
            sets: false,
        }
    }

    /// What an event of an approval says of its deadlines.
    pub fn of_approval(event: &ApprovalEvent) -> Vec<(&'static str, Self)> {
        let closed = |round| Self { life: Some((u64::from(round), true)), ..Self::default() };
        let both = |round| vec![(EXPIRE, closed(round)), (REMIND, closed(round))];
        match event {
            ApprovalEvent::Requested(event) => {
                let life = Some((u64::from(event.round), false));
                let set = |at| Self { due_at: Some(at), life, sets: true, ..Self::default() };
                vec![(EXPIRE, set(event.expires_at)), (REMIND, set(event.remind_at))]
            }
            ApprovalEvent::Renewed(_) => Vec::new(),
            ApprovalEvent::Reminded(event) => vec![(REMIND, closed(event.round))],
            ApprovalEvent::Granted(event)
            | ApprovalEvent::Denied(event)
            | ApprovalEvent::Withdrawn(event) => both(event.round),
            ApprovalEvent::Expired(event) => both(event.round),
        }
    }
}

fn is_over(status: &str) -> bool {
    Ending::of(status) != Ending::Other
}

/// Folds what the event at `sequence` says; whether that changed anything.
pub fn fold(row: &mut DeadlineRow, sequence: u64, moves: Moves) -> bool {
    if sequence <= row.last_seq || moves == Moves::default() {
        return false;
    }
    if moves.sets || moves.due_at > row.due_at {
        row.due_at = moves.due_at;
        row.armed_seq = sequence;
    }
    if moves.life.is_some_and(|(number, _)| row.life.is_none_or(|(last, _)| number >= last)) {
        row.life = moves.life;
    }
    row.fired_at = row.fired_at.max(moves.fired_at);
    row.is_merged |= moves.merged;
    row.last_seq = sequence;
    true
}

impl DeadlineRow {
    pub fn state(&self) -> DeadlineState {
        if self.is_merged || self.life.is_some_and(|(_, ended)| ended) {
            DeadlineState::Cleared
        } else if self.due_at.is_none() {
            DeadlineState::Idle
        } else if self.fired_at >= self.due_at {
            DeadlineState::Fired
        } else {
            DeadlineState::Armed
        }
    }
}

impl DeadlineState {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Armed => "armed",
            Self::Fired => "fired",
            Self::Cleared => "cleared",
            Self::Idle => "idle",
        }
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
