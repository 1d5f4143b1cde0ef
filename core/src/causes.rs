//! Which commands an aggregate has decided, so that none is decided twice. Bounded by age and by
//! number; what falls out moves the horizon, and a command from before the horizon is stale.

use std::collections::VecDeque;

use helmstream_schemas::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::limits::{CAUSES_MAX, COMMAND_AGE_MAX};

/// A command that was decided, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    pub command_id: Uuid,
    /// When the command was received, or the newest receipt known by then if that is later.
    pub noted_at: Timestamp,
    /// Position of its last event on EVENTS.
    pub sequence: u64,
    /// Id of that event.
    pub event_id: Uuid,
    /// Name of that event.
    pub name: Box<str>,
    /// Reason and detail, if the event is a refusal. In a box, because hardly any is: causes are
    /// most of what a run weighs in memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Box<(String, String)>>,
}

/// The commands an aggregate remembers, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Causes {
    known: VecDeque<Cause>,
    newest: Option<Timestamp>,
    horizon: Option<Timestamp>,
}

impl Causes {
    /// What came of a command, if it is remembered.
    pub fn find(&self, command_id: Uuid) -> Option<&Cause> {
        self.known.iter().rev().find(|cause| cause.command_id == command_id)
    }

    /// Whether a command received at this instant may have been decided and forgotten.
    pub fn is_stale(&self, received_at: Timestamp) -> bool {
        self.horizon.is_some_and(|horizon| received_at <= horizon)
    }

    /// Remembers a cause; one with several events counts once, by its last.
    pub fn note(&mut self, mut cause: Cause) {
        let newest = self.newest.map_or(cause.noted_at, |newest| newest.max(cause.noted_at));
        self.newest = Some(newest);
        cause.noted_at = newest;
        match self.known.back_mut() {
            Some(last) if last.command_id == cause.command_id => *last = cause,
            _ => self.known.push_back(cause),
        }
        let oldest = newest.minus(COMMAND_AGE_MAX);
        while self
            .known
            .front()
            .is_some_and(|first| first.noted_at < oldest || self.known.len() > CAUSES_MAX)
        {
            let forgotten = self.known.pop_front().map(|cause| cause.noted_at);
            self.horizon = self.horizon.max(forgotten);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(n: u128, at: i64) -> Cause {
        Cause {
            command_id: Uuid::from_u128(n),
            noted_at: Timestamp::from_nanos(at),
            sequence: n as u64,
            event_id: Uuid::from_u128(n),
            name: "x".into(),
            refusal: None,
        }
    }

    #[test]
    fn what_is_forgotten_for_its_number_is_stale_and_what_came_after_is_not() {
        let mut causes = Causes::default();
        for n in 0..=CAUSES_MAX as u128 {
            causes.note(cause(n, n as i64));
        }
        assert_eq!(causes.find(Uuid::from_u128(0)), None);
        assert!(causes.is_stale(Timestamp::from_nanos(0)));
        assert!(causes.find(Uuid::from_u128(1)).is_some());
        assert!(!causes.is_stale(Timestamp::from_nanos(1)));
    }

    #[test]
    fn what_is_forgotten_for_its_age_is_stale() {
        let age = COMMAND_AGE_MAX.as_nanos() as i64;
        let mut causes = Causes::default();
        causes.note(cause(1, 0));
        causes.note(cause(2, age));
        assert!(causes.find(Uuid::from_u128(1)).is_some(), "exactly as old as allowed");
        assert!(!causes.is_stale(Timestamp::from_nanos(0)));
        causes.note(cause(3, age + 1));
        assert!(causes.find(Uuid::from_u128(1)).is_none());
        assert!(causes.is_stale(Timestamp::from_nanos(0)));
    }

    #[test]
    fn a_late_arrival_is_kept_as_long_as_its_neighbours() {
        let mut causes = Causes::default();
        causes.note(cause(1, 50));
        causes.note(cause(2, 10));
        assert_eq!(causes.find(Uuid::from_u128(2)).unwrap().noted_at.nanos(), 50);
    }

    #[test]
    fn several_events_of_one_command_are_one_cause() {
        let mut causes = Causes::default();
        causes.note(cause(1, 1));
        causes.note(Cause { sequence: 9, ..cause(1, 1) });
        assert_eq!(causes.known.len(), 1);
        assert_eq!(causes.find(Uuid::from_u128(1)).unwrap().sequence, 9);
    }
}
