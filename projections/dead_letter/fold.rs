//! Events of a dead letter into what was decided about it. What a retry became is no event of its
//! own: it is the outcome of another publish, and is asked of the ledger.

use helmstream_schemas::{Actor, Timestamp, dead_letter::DeadLetterEvent};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What was decided about a dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterView {
    pub retries: Vec<Attempt>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discarded: Option<Decided>,
    pub last_seq: u64,
}

/// One retry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeadLetterAttempt")]
pub struct Attempt {
    /// Counted from 1.
    pub number: u32,
    #[serde(flatten)]
    pub decided: Decided,
    /// Why it could not be published again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Who decided, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeadLetterSettled")]
pub struct Decided {
    /// The event that says so, and its position.
    pub event_id: Uuid,
    pub sequence: u64,
    pub by: Actor,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How a dead letter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeadLetterStanding")]
pub enum Standing {
    /// Nobody has decided about it.
    #[default]
    Open,
    /// It was published again.
    Retried,
    /// It was to be published again and could not be.
    RetryFailed,
    /// Nothing more will be done about it.
    Discarded,
}

impl DeadLetterView {
    /// Folds the event at `sequence`; whether that changed anything.
    pub fn fold(&mut self, sequence: u64, event_id: Uuid, event: DeadLetterEvent) -> bool {
        if sequence <= self.last_seq {
            return false;
        }
        self.last_seq = sequence;
        match event {
            DeadLetterEvent::Retried(e) => {
                let decided = Decided { event_id, sequence, by: e.by, at: e.at, reason: e.reason };
                self.retries.push(Attempt { number: e.attempt, decided, failed: None });
            }
            DeadLetterEvent::Discarded(e) => {
                let decided = Decided { event_id, sequence, by: e.by, at: e.at, reason: e.reason };
                self.discarded = Some(decided);
            }
            DeadLetterEvent::RetryFailed(e) => {
                let attempt = self.retries.iter_mut().find(|one| one.number == e.attempt);
                if let Some(attempt) = attempt {
                    attempt.failed = Some(e.detail);
                }
            }
        }
        true
    }

    pub fn standing(&self) -> Standing {
        match (&self.discarded, self.retries.last()) {
            (Some(_), _) => Standing::Discarded,
            (None, Some(last)) if last.failed.is_some() => Standing::RetryFailed,
            (None, Some(_)) => Standing::Retried,
            (None, None) => Standing::Open,
        }
    }

    /// When somebody last decided.
    pub fn decided_at(&self) -> Option<Timestamp> {
        let last = self.retries.last().map(|attempt| &attempt.decided);
        self.discarded.as_ref().or(last).map(|decided| decided.at)
    }
}

impl Standing {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Retried => "retried",
            Self::RetryFailed => "retry_failed",
            Self::Discarded => "discarded",
        }
    }
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::{
        ActorKind,
        dead_letter::{Discarded, Retried, RetryFailed},
    };

    use super::*;

    fn by() -> Actor {
        Actor { id: "operator".into(), kind: ActorKind::Human }
    }

    fn retried(attempt: u32) -> DeadLetterEvent {
        let at = Timestamp::from_nanos(i64::from(attempt));
        let reason = Some("mended".into());
        DeadLetterEvent::Retried(Retried { attempt, by: by(), at, reason, dead_sequence: 4 })
    }

    fn folded(events: Vec<DeadLetterEvent>) -> DeadLetterView {
        let mut view = DeadLetterView::default();
        for (index, event) in events.into_iter().enumerate() {
            let (sequence, id) = (index as u64 + 1, Uuid::from_u128(index as u128 + 1));
            assert!(view.fold(sequence, id, event.clone()));
            assert!(!view.fold(sequence, id, event), "the same event again changes nothing");
        }
        view
    }

    #[test]
    fn a_retry_that_failed_leaves_it_to_be_decided_again() {
        let failed =
            DeadLetterEvent::RetryFailed(RetryFailed { attempt: 1, detail: "it is gone".into() });
        assert_eq!(folded(vec![]).standing(), Standing::Open);
        assert_eq!(folded(vec![retried(1)]).standing(), Standing::Retried);
        assert_eq!(folded(vec![retried(1), failed.clone()]).standing(), Standing::RetryFailed);
        let view = folded(vec![retried(1), failed, retried(2)]);
        assert_eq!(view.standing(), Standing::Retried);
        assert_eq!(view.retries[0].failed.as_deref(), Some("it is gone"));
        assert_eq!(view.retries[1].decided.event_id, Uuid::from_u128(3));
        assert_eq!(view.decided_at(), Some(Timestamp::from_nanos(2)));
    }

    #[test]
    fn a_discarded_one_says_who_discarded_it_and_when() {
        let at = Timestamp::from_nanos(9);
        let discarded = Discarded { by: by(), at, reason: None };
        let view = folded(vec![retried(1), DeadLetterEvent::Discarded(discarded)]);
        assert_eq!((view.standing(), view.decided_at()), (Standing::Discarded, Some(at)));
        assert_eq!(view.discarded.unwrap().by, by());
    }
}
