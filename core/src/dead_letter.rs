//! Decisions of the context `dead_letter`: that one is published again, or that nothing more is
//! done about it. Publishing it is the service's affair; what the new publish becomes is an outcome
//! of its own.

use helmstream_schemas::{
    Actor, ActorKind, Context,
    dead_letter::{
        DeadLetterCommand, DeadLetterEvent, Discarded, Fail, Retried, Retry, RetryFailed,
    },
};
use serde::{Deserialize, Serialize};

use crate::{Decider, Rejection, limits::RETRIES_MAX};

/// Decides dead letters.
#[derive(Debug, Clone)]
pub struct DeadLetter;

/// A dead letter, as far as decisions need it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DeadLetterState {
    retries: u32,
    /// Retries that could not be done, by their numbers.
    failed: Vec<u32>,
    discarded: bool,
}

/// Why a dead letter does not take a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeadLetterRejection {
    #[error("`{id}` is of kind {kind}; only a person may decide about a dead letter")]
    NotAPerson { id: String, kind: ActorKind },
    #[error("it was discarded")]
    Discarded,
    #[error("it was retried {RETRIES_MAX} times, which is as often as one can")]
    RetriedTooOften,
    #[error("there was no retry {0}")]
    NoSuchRetry(u32),
}

impl Decider for DeadLetter {
    const CONTEXT: Context = Context::DeadLetter;
    const STATE_VERSION: u32 = 1;
    type State = DeadLetterState;
    type Command = DeadLetterCommand;
    type Event = DeadLetterEvent;
    type Rejection = DeadLetterRejection;

    fn decide(
        state: &DeadLetterState,
        command: DeadLetterCommand,
    ) -> Result<Vec<DeadLetterEvent>, DeadLetterRejection> {
        match command {
            DeadLetterCommand::Retry(retry) => decide_retry(state, retry),
            DeadLetterCommand::Discard(discard) => {
                person(&discard.by)?;
                let discarded =
                    Discarded { by: discard.by, at: discard.at, reason: discard.reason };
                Ok(match state.discarded {
                    true => Vec::new(),
                    false => vec![DeadLetterEvent::Discarded(discarded)],
                })
            }
            DeadLetterCommand::Fail(fail) => decide_fail(state, fail),
        }
    }

    fn evolve(mut state: DeadLetterState, event: &DeadLetterEvent) -> DeadLetterState {
        match event {
            DeadLetterEvent::Retried(e) => state.retries = e.attempt,
            DeadLetterEvent::Discarded(_) => state.discarded = true,
            DeadLetterEvent::RetryFailed(e) => state.failed.push(e.attempt),
        }
        state
    }
}

impl Rejection for DeadLetterRejection {
    fn reason(&self) -> &'static str {
        match self {
            Self::NotAPerson { .. } => "not_a_person",
            Self::Discarded => "discarded",
            Self::RetriedTooOften => "retried_too_often",
            Self::NoSuchRetry(_) => "no_such_retry",
        }
    }
}

fn decide_retry(
    state: &DeadLetterState,
    retry: Retry,
) -> Result<Vec<DeadLetterEvent>, DeadLetterRejection> {
    person(&retry.by)?;
    if state.discarded {
        return Err(DeadLetterRejection::Discarded);
    }
    if state.retries >= RETRIES_MAX {
        return Err(DeadLetterRejection::RetriedTooOften);
    }
    let Retry { by, at, reason, dead_sequence } = retry;
    let attempt = state.retries + 1;
    Ok(vec![DeadLetterEvent::Retried(Retried { attempt, by, at, reason, dead_sequence })])
}

fn decide_fail(
    state: &DeadLetterState,
    fail: Fail,
) -> Result<Vec<DeadLetterEvent>, DeadLetterRejection> {
    let Fail { attempt, detail } = fail;
    if attempt == 0 || attempt > state.retries {
        return Err(DeadLetterRejection::NoSuchRetry(attempt));
    }
    let failed = || DeadLetterEvent::RetryFailed(RetryFailed { attempt, detail });
    Ok(if state.failed.contains(&attempt) { Vec::new() } else { vec![failed()] })
}

fn person(by: &Actor) -> Result<(), DeadLetterRejection> {
    match by.kind {
        ActorKind::Human => Ok(()),
        kind => Err(DeadLetterRejection::NotAPerson { id: by.id.clone(), kind }),
    }
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::{Timestamp, dead_letter::Discard};

    use super::*;

    fn by(kind: ActorKind) -> Actor {
        Actor { id: "somebody".into(), kind }
    }

    fn retry(kind: ActorKind) -> DeadLetterCommand {
        let (by, at) = (by(kind), Timestamp::from_nanos(7));
        DeadLetterCommand::Retry(Retry { by, at, reason: None, dead_sequence: 3 })
    }

    fn discard(kind: ActorKind) -> DeadLetterCommand {
        let (by, at) = (by(kind), Timestamp::from_nanos(7));
        DeadLetterCommand::Discard(Discard { by, at, reason: None })
    }

    fn fail(attempt: u32) -> DeadLetterCommand {
        DeadLetterCommand::Fail(Fail { attempt, detail: "gone".into() })
    }

    /// The names of the events, or the reason of the refusal, command after command.
    fn told(commands: Vec<DeadLetterCommand>) -> Vec<String> {
        let mut state = DeadLetterState::default();
        let mut told = Vec::new();
        for command in commands {
            match DeadLetter::decide(&state, command) {
                Ok(events) if events.is_empty() => told.push("unchanged".into()),
                Ok(events) => {
                    for event in events {
                        told.push(helmstream_schemas::words::encode(&event).0);
                        state = DeadLetter::evolve(state, &event);
                    }
                }
                Err(rejection) => told.push(rejection.reason().into()),
            }
        }
        told
    }

    #[test]
    fn it_can_be_retried_until_it_is_discarded() {
        let human = ActorKind::Human;
        assert_eq!(
            told(vec![retry(human), retry(human), discard(human), discard(human), retry(human)]),
            ["retried", "retried", "discarded", "unchanged", "discarded"]
        );
    }

    #[test]
    fn only_a_person_decides() {
        for kind in [ActorKind::Agent, ActorKind::Service] {
            assert_eq!(told(vec![retry(kind), discard(kind)]), ["not_a_person", "not_a_person"]);
        }
    }

    #[test]
    fn a_retry_fails_once_and_only_if_it_was_asked_for() {
        assert_eq!(
            told(vec![fail(1), retry(ActorKind::Human), fail(1), fail(1), fail(2), fail(0)]),
            [
                "no_such_retry",
                "retried",
                "retry_failed",
                "unchanged",
                "no_such_retry",
                "no_such_retry"
            ]
        );
    }

    #[test]
    fn retries_have_a_bound() {
        let commands = (0..=RETRIES_MAX).map(|_| retry(ActorKind::Human)).collect();
        let told = told(commands);
        assert_eq!(told.iter().filter(|word| *word == "retried").count(), RETRIES_MAX as usize);
        assert_eq!(told.last().unwrap(), "retried_too_often");
    }
}
