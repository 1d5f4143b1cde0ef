//! Decisions of the context `run`: what a pipeline's reports add up to. A report is a claim and
//! is kept; what the plane itself says of a run (a gate was passed without a grant, claims
//! contradict each other, the run stalled) it says from claims alone, and the same claims in any
//! order of arrival come to the same.

mod files;
mod gates;

use std::collections::{BTreeMap, BTreeSet};

use helmstream_schemas::{
    Context, Hash, Id, Timestamp,
    run::{
        About, Autonomy, Claim, ClaimDisputed, Merged, Observe, Report, Reported, RunCommand,
        RunEvent, Said, Stall, Stalled,
    },
};
use serde::{Deserialize, Serialize};

use self::{files::Files, gates::Gates};
use crate::{
    Deadline, Decider, Rejection,
    limits::{CLAIM_YOUNG_MAX, RUN_CLAIMS_MAX, RUN_SIGHTINGS_MAX, STALL_AFTER},
};

/// The one deadline a run has.
pub const STALLED: &str = "stalled";

/// Decides runs.
#[derive(Debug, Clone)]
pub struct Run;

/// A run, as far as decisions need it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RunState {
    /// The claim that stands for each number.
    claims: BTreeMap<u64, Hash>,
    /// Claims that contradict one that stands.
    disputed: BTreeSet<(u64, Hash)>,
    /// Number of the last claim that named the autonomy, and the autonomy.
    autonomy: Option<(u64, Autonomy)>,
    gates: Gates,
    files: Files,
    /// Number of the last claim that began or ended the run, and whether it ended it.
    life: Option<(u64, bool)>,
    heard_at: Option<Timestamp>,
    stalls_at: Option<Timestamp>,
    stalled_at: Option<Timestamp>,
    merged_into: Option<Id>,
}

/// Why a run does not take a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunRejection {
    #[error("the run holds {RUN_CLAIMS_MAX} claims, which is as many as one run can")]
    Full,
    #[error(
        "the run holds {RUN_SIGHTINGS_MAX} sightings of files, which is as many as one run can"
    )]
    FilesFull,
    #[error("the run was merged into `{0}` already")]
    MergedElsewhere(Id),
}

impl Decider for Run {
    const CONTEXT: Context = Context::Run;
    const STATE_VERSION: u32 = 2;
    type State = RunState;
    type Command = RunCommand;
    type Event = RunEvent;
    type Rejection = RunRejection;

    fn decide(state: &RunState, command: RunCommand) -> Result<Vec<RunEvent>, RunRejection> {
        match command {
            RunCommand::Report(report) => decide_report(state, *report),
            RunCommand::Observe(observe) => decide_observe(state, *observe),
            RunCommand::Settle(settle) => {
                let settled = state.gates.settle(settle).map(RunEvent::GateSettled);
                Ok(settled.map(|event| with_bypasses(state, event)).unwrap_or_default())
            }
            RunCommand::Stall(stall) => Ok(decide_stall(state, &stall)),
            RunCommand::Merge(merge) => match &state.merged_into {
                Some(into) if *into == merge.into => Ok(Vec::new()),
                Some(into) => Err(RunRejection::MergedElsewhere(into.clone())),
                None => Ok(vec![RunEvent::Merged(Merged { into: merge.into })]),
            },
        }
    }

    fn evolve(mut state: RunState, event: &RunEvent) -> RunState {
        if let Some(claim) = event.claim() {
            state.heard_at = state.heard_at.max(Some(claim.received_at));
            state.stalls_at = state.stalls_at.max(event.stalls_at());
            if !matches!(event, RunEvent::ClaimDisputed(_)) {
                state.claims.insert(claim.number, claim.content);
            }
        }
        match event {
            RunEvent::Started(e) => {
                state.live(e.claim.number, false);
                let named = e.fact.autonomy.map(|autonomy| (e.claim.number, autonomy));
                if named.map(|(number, _)| number) >= state.autonomy.map(|(number, _)| number) {
                    state.autonomy = named.or(state.autonomy);
                }
            }
            RunEvent::Resumed(e) => state.live(e.claim.number, false),
            RunEvent::Ended(e) => state.live(e.claim.number, true),
            RunEvent::PhaseBegun(e) => state.gates.went_on(&e.claim, &e.fact.place),
            RunEvent::StepBegun(e) => state.gates.went_on(&e.claim, &e.fact.place),
            RunEvent::ArtifactRecorded(e) if is_merge(&e.claim) => {
                state.gates.went_on(&e.claim, &e.fact.place);
            }
            RunEvent::ApprovalAsked(e) => state.gates.asked(&e.claim, &e.fact.gate),
            RunEvent::ApprovalAnswered(e) => {
                state.gates.answered(e.claim.number, &e.fact.gate, e.fact.answer);
            }
            RunEvent::Observed(e) => {
                state.heard_at = state.heard_at.max(Some(e.sighting.received_at));
                state.stalls_at = state.stalls_at.max(e.stalls_at);
                state.files.observed(e);
                state.told_about(files::about(&e.told));
            }
            RunEvent::GateSettled(e) => state.gates.settled(e),
            RunEvent::GateBypassed(e) => state.gates.bypassed(&e.gate, e.passed_number),
            RunEvent::ClaimDisputed(e) => {
                state.disputed.insert((e.claim.number, e.claim.content));
            }
            RunEvent::Stalled(e) => state.stalled_at = state.stalled_at.max(Some(e.due_at)),
            RunEvent::Merged(e) => state.merged_into = Some(e.into.clone()),
            RunEvent::PhaseEnded(_)
            | RunEvent::StepEnded(_)
            | RunEvent::ArtifactRecorded(_)
            | RunEvent::Noted(_) => {}
        }
        state
    }

    fn deadlines(state: &RunState) -> Vec<Deadline> {
        state.stall_due().map(|at| Deadline { purpose: STALLED, at }).into_iter().collect()
    }

    fn deadline_purposes() -> &'static [&'static str] {
        &[STALLED]
    }

    fn on_due(purpose: &str, fired_at: Timestamp) -> Option<(&'static str, Vec<u8>)> {
        (purpose == STALLED).then(|| {
            let payload = serde_json::to_vec(&Stall { fired_at }).expect("an instant is a text");
            ("stall", payload)
        })
    }
}

impl RunState {
    fn live(&mut self, number: u64, ended: bool) {
        if self.life.is_none_or(|(last, _)| number >= last) {
            self.life = Some((number, ended));
        }
    }

    fn is_over(&self) -> bool {
        let over = self.life.map(|(_, ended)| ended).or(self.files.is_over());
        self.merged_into.is_some() || over.unwrap_or(false)
    }

    /// What a file says of the autonomy counts as long as no claim names one.
    fn told_about(&mut self, about: Option<&About>) {
        let told = about.and_then(|about| about.autonomy);
        if let (Some(autonomy), Some((0, _)) | None) = (told, self.autonomy) {
            self.autonomy = Some((0, autonomy));
        }
    }

    /// Bypasses that are not on the log yet, if this run has to wait at its gates.
    fn bypasses(&self) -> Vec<RunEvent> {
        if !self.waits_at_gates() {
            return Vec::new();
        }
        self.gates.unrecorded_bypasses().into_iter().map(RunEvent::GateBypassed).collect()
    }

    fn waits_at_gates(&self) -> bool {
        self.autonomy.is_some_and(|(_, autonomy)| autonomy.waits_at_gates())
    }

    /// When the run stalls if nothing more is heard; `None` if nothing is expected of it.
    fn stall_due(&self) -> Option<Timestamp> {
        let due = self.stalls_at.filter(|_| !self.is_over())?;
        self.stalled_at.is_none_or(|stalled| stalled < due).then_some(due)
    }
}

impl Rejection for RunRejection {
    fn reason(&self) -> &'static str {
        match self {
            Self::Full => "run_full",
            Self::FilesFull => "files_full",
            Self::MergedElsewhere(_) => "merged_elsewhere",
        }
    }
}

fn decide_report(state: &RunState, report: Report) -> Result<Vec<RunEvent>, RunRejection> {
    let Report { claim, said } = report;
    let number = claim.number;
    if let Some(stands) = state.claims.get(&number).copied() {
        let known = stands == claim.content || state.disputed.contains(&(number, claim.content));
        let disputed = || RunEvent::ClaimDisputed(ClaimDisputed { stands, claim, said });
        return Ok(if known { Vec::new() } else { vec![disputed()] });
    }
    if state.claims.len() + state.disputed.len() >= RUN_CLAIMS_MAX {
        return Err(RunRejection::Full);
    }
    Ok(with_bypasses(state, event_of(claim, said)))
}

fn decide_observe(state: &RunState, observe: Observe) -> Result<Vec<RunEvent>, RunRejection> {
    let Some(observed) = state.files.observe(observe) else { return Ok(Vec::new()) };
    if state.files.len() >= RUN_SIGHTINGS_MAX {
        return Err(RunRejection::FilesFull);
    }
    Ok(with_bypasses(state, RunEvent::Observed(Box::new(observed))))
}

/// An event, and what it shows of gates that were passed. Only the autonomy and the gates are
/// looked at, so nothing else of the state is copied, and the gates only of a run that waits at them.
fn with_bypasses(state: &RunState, event: RunEvent) -> Vec<RunEvent> {
    let mut after = RunState { autonomy: state.autonomy, ..RunState::default() };
    after = Run::evolve(after, &event);
    if after.waits_at_gates() {
        after = RunState { autonomy: state.autonomy, gates: state.gates.clone(), ..after };
        after = Run::evolve(after, &event);
    }
    let mut events = vec![event];
    events.extend(after.bypasses());
    events
}

fn decide_stall(state: &RunState, stall: &Stall) -> Vec<RunEvent> {
    match (state.stall_due(), state.heard_at) {
        (Some(due_at), Some(heard_at)) if stall.fired_at >= due_at => {
            vec![RunEvent::Stalled(Stalled { heard_at, due_at })]
        }
        _ => Vec::new(),
    }
}

/// A merge is what most gates guard, and a run can come to it without beginning a step.
fn is_merge(claim: &Claim) -> bool {
    claim.word == "pr_merge"
}

fn event_of(claim: Claim, said: Said) -> RunEvent {
    let stalls_at = stalls_at(&claim);
    match said {
        Said::Started(fact) => RunEvent::Started(Reported { claim, stalls_at, fact }),
        Said::Resumed(fact) => RunEvent::Resumed(Reported { claim, stalls_at, fact }),
        Said::PhaseBegun(fact) => RunEvent::PhaseBegun(Reported { claim, stalls_at, fact }),
        Said::PhaseEnded(fact) => RunEvent::PhaseEnded(Reported { claim, stalls_at, fact }),
        Said::StepBegun(fact) => RunEvent::StepBegun(Reported { claim, stalls_at, fact }),
        Said::StepEnded(fact) => RunEvent::StepEnded(Reported { claim, stalls_at, fact }),
        Said::ArtifactRecorded(fact) => {
            RunEvent::ArtifactRecorded(Reported { claim, stalls_at, fact })
        }
        Said::ApprovalAsked(fact) => RunEvent::ApprovalAsked(Reported { claim, stalls_at, fact }),
        Said::ApprovalAnswered(fact) => {
            RunEvent::ApprovalAnswered(Reported { claim, stalls_at, fact })
        }
        Said::Noted(fact) => RunEvent::Noted(Reported { claim, stalls_at, fact }),
        Said::Ended(fact) => RunEvent::Ended(Reported { claim, stalls_at: None, fact }),
    }
}

/// Armed from when the door received the claim, and only if the claim was young by then: an old
/// run that is imported today is not silent, it is over.
fn stalls_at(claim: &Claim) -> Option<Timestamp> {
    let age = claim.received_at.since(claim.claimed_at?).unwrap_or_default();
    (age <= CLAIM_YOUNG_MAX).then(|| claim.received_at.plus(STALL_AFTER))
}

#[cfg(test)]
mod tests;
