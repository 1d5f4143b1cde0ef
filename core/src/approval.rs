//! Decisions of the context `approval`: consent to one exact thing, bounded in time. An answer and
//! the end of the time compete under the aggregate's own guard, so that exactly one of them closes
//! the question; asked again after that, it is another round.

use std::time::Duration;

use helmstream_schemas::{
    Actor, ActorKind, Context, Hash, Timestamp,
    approval::{
        Answer, Answered, ApprovalCommand, ApprovalEvent, Asked, Due, Expired, Gate, Reminded,
        Renewed, Request, Requested,
    },
    run::Phase,
};
use serde::{Deserialize, Serialize};

use crate::{
    Deadline, Decider, Rejection,
    limits::{APPROVAL_OPEN_MAX, APPROVAL_OPEN_MIN, APPROVAL_REMIND_SHARE},
};

/// The deadline that closes a question.
pub const EXPIRE: &str = "expire";
/// The deadline before it.
pub const REMIND: &str = "remind";

/// Decides approvals.
#[derive(Debug, Clone)]
pub struct Approval;

/// An approval, as far as decisions need it: its last round.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ApprovalState {
    round: Option<Round>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Round {
    number: u32,
    gate: Gate,
    asked: Asked,
    remind_at: Timestamp,
    expires_at: Timestamp,
    reminded: bool,
    closed: Option<Closed>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Closed {
    how: How,
    at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum How {
    Granted,
    Denied,
    Withdrawn,
    Expired,
}

/// Why an approval does not take a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalRejection {
    #[error("nobody asked for this approval")]
    NeverAsked,
    #[error("it is closed: {0}")]
    Closed(&'static str),
    #[error("the time for an answer ended at {0}")]
    TooLate(Timestamp),
    #[error("`{id}` is of kind {kind}; only a person may answer")]
    NotAPerson { id: String, kind: ActorKind },
    #[error("`{0}` asked for it, and nobody answers a question of their own")]
    OwnQuestion(String),
    #[error("`{0}` did not ask for it and is no person")]
    NotTheAsker(String),
    #[error("what is asked for is {asked} by now, and the answer is about {answered}")]
    Changed { asked: Hash, answered: Hash },
    #[error("this approval is for another gate")]
    OtherGate,
    #[error(
        "a question stands open for {} s at least and {} s at most",
        APPROVAL_OPEN_MIN.as_secs(),
        APPROVAL_OPEN_MAX.as_secs()
    )]
    OpenFor,
}

/// The identity of the approval of a gate: the run's, and the place.
pub fn approval_id(gate: &Gate) -> String {
    let phase = match (gate.place.phase, gate.place.phase_text.as_deref()) {
        (Some(phase), _) if phase != Phase::Other => phase.word(),
        (_, Some(text)) => text,
        (_, None) => "run",
    };
    match &gate.place.step {
        Some(step) => format!("{}@{phase}:{step}", gate.run),
        None => format!("{}@{phase}", gate.run),
    }
}

impl Decider for Approval {
    const CONTEXT: Context = Context::Approval;
    const STATE_VERSION: u32 = 1;
    type State = ApprovalState;
    type Command = ApprovalCommand;
    type Event = ApprovalEvent;
    type Rejection = ApprovalRejection;

    fn decide(
        state: &ApprovalState,
        command: ApprovalCommand,
    ) -> Result<Vec<ApprovalEvent>, ApprovalRejection> {
        match command {
            ApprovalCommand::Request(request) => decide_request(state, *request),
            ApprovalCommand::Grant(answer) => {
                let round = answerable(state, &answer, How::Granted)?;
                Ok(round.map(|round| vec![ApprovalEvent::Granted(round.answered(answer))]))
            }
            ApprovalCommand::Deny(answer) => {
                let round = answerable(state, &answer, How::Denied)?;
                Ok(round.map(|round| vec![ApprovalEvent::Denied(round.answered(answer))]))
            }
            ApprovalCommand::Withdraw(answer) => {
                let round = withdrawable(state, &answer)?;
                Ok(round.map(|round| vec![ApprovalEvent::Withdrawn(round.answered(answer))]))
            }
            ApprovalCommand::Remind(due) => return Ok(decide_remind(state, &due)),
            ApprovalCommand::Expire(due) => return Ok(decide_expire(state, &due)),
        }
        .map(Option::unwrap_or_default)
    }

    fn evolve(mut state: ApprovalState, event: &ApprovalEvent) -> ApprovalState {
        if let ApprovalEvent::Requested(e) = event {
            state.round = Some(Round {
                number: e.round,
                gate: e.gate.clone(),
                asked: e.asked.clone(),
                remind_at: e.remind_at,
                expires_at: e.expires_at,
                reminded: false,
                closed: None,
            });
        }
        let Some(round) = &mut state.round else { return state };
        let mut close = |how, at| round.closed = Some(Closed { how, at });
        match event {
            ApprovalEvent::Requested(_) => {}
            ApprovalEvent::Renewed(e) => round.asked = e.asked.clone(),
            ApprovalEvent::Reminded(_) => round.reminded = true,
            ApprovalEvent::Granted(e) => close(How::Granted, e.at),
            ApprovalEvent::Denied(e) => close(How::Denied, e.at),
            ApprovalEvent::Withdrawn(e) => close(How::Withdrawn, e.at),
            ApprovalEvent::Expired(e) => close(How::Expired, e.due_at),
        }
        state
    }

    fn deadlines(state: &ApprovalState) -> Vec<Deadline> {
        let Some(round) = state.open() else { return Vec::new() };
        let expire = Deadline { purpose: EXPIRE, at: round.expires_at };
        let remind = Deadline { purpose: REMIND, at: round.remind_at };
        if round.reminded { vec![expire] } else { vec![expire, remind] }
    }

    fn deadline_purposes() -> &'static [&'static str] {
        &[EXPIRE, REMIND]
    }

    fn on_due(purpose: &str, fired_at: Timestamp) -> Option<(&'static str, Vec<u8>)> {
        let name = match purpose {
            EXPIRE => "expire",
            REMIND => "remind",
            _ => return None,
        };
        Some((name, serde_json::to_vec(&Due { fired_at }).expect("an instant is a text")))
    }
}

impl ApprovalState {
    fn open(&self) -> Option<&Round> {
        self.round.as_ref().filter(|round| round.closed.is_none())
    }
}

impl Round {
    fn answered(&self, answer: Answer) -> Answered {
        Answered {
            round: self.number,
            gate: self.gate.clone(),
            shown: self.asked.shown,
            by: answer.by,
            at: answer.at,
            reason: answer.reason,
        }
    }

    /// Whether something asked belongs to this round although it comes after its end: it was asked
    /// before, and was late.
    fn covers(&self, asked: &Asked) -> bool {
        let in_time = self.closed.as_ref().is_none_or(|closed| asked.at <= closed.at);
        let numbered = asked.number.zip(self.asked.number);
        in_time || numbered.is_some_and(|(asked, last)| asked <= last)
    }
}

impl How {
    const fn word(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }
}

impl Rejection for ApprovalRejection {
    fn reason(&self) -> &'static str {
        match self {
            Self::NeverAsked => "never_asked",
            Self::Closed(_) => "closed",
            Self::TooLate(_) => "too_late",
            Self::NotAPerson { .. } => "not_a_person",
            Self::OwnQuestion(_) => "own_question",
            Self::NotTheAsker(_) => "not_the_asker",
            Self::Changed { .. } => "changed",
            Self::OtherGate => "other_gate",
            Self::OpenFor => "open_for",
        }
    }
}

fn decide_request(
    state: &ApprovalState,
    request: Request,
) -> Result<Option<Vec<ApprovalEvent>>, ApprovalRejection> {
    let Request { gate, asked, open_for_ms } = request;
    let open_for = Duration::from_millis(open_for_ms);
    if !(APPROVAL_OPEN_MIN..=APPROVAL_OPEN_MAX).contains(&open_for) {
        return Err(ApprovalRejection::OpenFor);
    }
    let last = state.round.as_ref();
    if last.is_some_and(|round| round.gate != gate) {
        return Err(ApprovalRejection::OtherGate);
    }
    if let Some(round) = last.filter(|round| round.covers(&asked)) {
        // What was asked earlier and comes later says nothing of what is shown now.
        let renews = round.closed.is_none()
            && asked.at >= round.asked.at
            && asked.shown != round.asked.shown;
        let renewed = || ApprovalEvent::Renewed(Renewed { round: round.number, asked });
        return Ok(renews.then(|| vec![renewed()]));
    }
    let wait = open_for / APPROVAL_REMIND_SHARE * (APPROVAL_REMIND_SHARE - 1);
    Ok(Some(vec![ApprovalEvent::Requested(Requested {
        round: last.map_or(1, |round| round.number + 1),
        gate,
        remind_at: asked.at.plus(wait),
        expires_at: asked.at.plus(open_for),
        asked,
    })]))
}

/// The round that an answer closes; `None` if it is closed in just this way.
fn answerable<'a>(
    state: &'a ApprovalState,
    answer: &Answer,
    how: How,
) -> Result<Option<&'a Round>, ApprovalRejection> {
    let Actor { id, kind } = &answer.by;
    if *kind != ActorKind::Human {
        return Err(ApprovalRejection::NotAPerson { id: id.clone(), kind: *kind });
    }
    let round = state.round.as_ref().ok_or(ApprovalRejection::NeverAsked)?;
    match &round.closed {
        Some(closed) if closed.how == how => return Ok(None),
        Some(closed) => return Err(ApprovalRejection::Closed(closed.how.word())),
        None => {}
    }
    if answer.at >= round.expires_at {
        return Err(ApprovalRejection::TooLate(round.expires_at));
    }
    if round.asked.by.id == *id {
        return Err(ApprovalRejection::OwnQuestion(id.clone()));
    }
    match answer.shown {
        Some(answered) if answered != round.asked.shown => {
            Err(ApprovalRejection::Changed { asked: round.asked.shown, answered })
        }
        _ => Ok(Some(round)),
    }
}

fn withdrawable<'a>(
    state: &'a ApprovalState,
    answer: &Answer,
) -> Result<Option<&'a Round>, ApprovalRejection> {
    let round = state.round.as_ref().ok_or(ApprovalRejection::NeverAsked)?;
    let may = answer.by.kind == ActorKind::Human || answer.by.id == round.asked.by.id;
    match &round.closed {
        _ if !may => Err(ApprovalRejection::NotTheAsker(answer.by.id.clone())),
        Some(closed) if closed.how == How::Withdrawn => Ok(None),
        Some(closed) => Err(ApprovalRejection::Closed(closed.how.word())),
        None => Ok(Some(round)),
    }
}

fn decide_remind(state: &ApprovalState, due: &Due) -> Vec<ApprovalEvent> {
    let round = state.open().filter(|round| !round.reminded && due.fired_at >= round.remind_at);
    let reminded = |round: &Round| {
        ApprovalEvent::Reminded(Reminded { round: round.number, expires_at: round.expires_at })
    };
    round.map(reminded).into_iter().collect()
}

fn decide_expire(state: &ApprovalState, due: &Due) -> Vec<ApprovalEvent> {
    let round = state.open().filter(|round| due.fired_at >= round.expires_at);
    let expired = |round: &Round| {
        ApprovalEvent::Expired(Expired {
            round: round.number,
            gate: round.gate.clone(),
            due_at: round.expires_at,
        })
    };
    round.map(expired).into_iter().collect()
}

#[cfg(test)]
mod tests;
