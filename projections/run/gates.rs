//! Gates of a run: what its claims say was asked and answered, what people answered, and what went
//! on without a grant. Shown, and nothing passes by it.

use std::collections::BTreeMap;

use helmstream_schemas::{
    Id, Timestamp,
    run::{Answer, Claim, GateBypassed, GateSettled, Place, Settled},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::entry::{Entry, What};

/// A gate, and everything that was said at it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RunGate")]
pub struct Gate {
    /// The place before which it stands.
    pub gate: Place,
    pub asked: Vec<Asked>,
    /// Answers as the run claims them; nothing passes by them.
    pub answers: Vec<Answered>,
    /// Approvals of this gate that were closed.
    pub settled: Vec<GateSettled>,
    pub bypasses: Vec<Bypass>,
}

/// A gate's approval was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "GateAsked")]
pub struct Asked {
    pub number: u64,
    pub claimed_at: Option<Timestamp>,
}

/// The run says that a gate was answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "GateAnswered")]
pub struct Answered {
    pub number: u64,
    pub answer: Answer,
    pub claimed_at: Option<Timestamp>,
    /// Opaque id of the person whom the run names.
    pub person: Option<String>,
}

/// The run went on past a gate that had no grant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "GateBypass")]
pub struct Bypass {
    pub asked_number: u64,
    pub passed_number: u64,
    pub passed_at: Place,
    /// Number of the claim in which the run itself says that the gate was granted.
    pub claimed_number: Option<u64>,
    pub cleared: Option<Cleared>,
}

/// The grant that came after the bypass was recorded. It does not undo it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BypassCleared")]
pub struct Cleared {
    pub approval: Id,
    pub at: Timestamp,
    /// The grant was there before the run went on, and the run was told late: nobody went on
    /// without an answer.
    pub in_time: bool,
}

/// Gates, by what was asked, answered and passed.
pub(super) fn gates(entries: &[Entry]) -> Vec<Gate> {
    let mut gates: BTreeMap<&Place, Gate> = BTreeMap::new();
    let mut answers: Vec<(&Place, Answered)> = Vec::new();
    fn at<'a, 'g>(gates: &'g mut BTreeMap<&'a Place, Gate>, gate: &'a Place) -> &'g mut Gate {
        gates.entry(gate).or_insert_with(|| Gate {
            gate: gate.clone(),
            asked: Vec::new(),
            answers: Vec::new(),
            settled: Vec::new(),
            bypasses: Vec::new(),
        })
    }
    for entry in entries {
        match (&entry.what, entry.standing()) {
            (What::ApprovalAsked(fact), Some(claim)) => at(&mut gates, &fact.gate)
                .asked
                .push(Asked { number: claim.number, claimed_at: claim.claimed_at }),
            (What::ApprovalAnswered(fact), Some(claim)) => {
                answers.push((&fact.gate, Answered::of(claim, fact.answer)));
            }
            (What::GateSettled(fact), _) => {
                at(&mut gates, &fact.gate).settled.push(fact.clone());
            }
            (What::GateBypassed(bypass), _) => {
                at(&mut gates, &bypass.gate).bypasses.push(Bypass::of(bypass));
            }
            _ => {}
        }
    }
    for (place, answer) in answers {
        let meant: Vec<&Place> = gates.keys().copied().filter(|gate| is_for(place, gate)).collect();
        // An answer to what was never asked is shown at the place it names.
        for gate in if meant.is_empty() { vec![place] } else { meant } {
            at(&mut gates, gate).answers.push(answer.clone());
        }
    }
    let mut gates: Vec<Gate> = gates.into_values().map(Gate::settled).collect();
    gates.sort_by_key(|gate| gate.first_number());
    gates
}

impl Gate {
    fn settled(mut self) -> Self {
        self.asked.sort_by_key(|asked| asked.number);
        self.answers.sort_by_key(|answer| answer.number);
        self.bypasses.sort_by_key(|bypass| (bypass.asked_number, bypass.passed_number));
        for bypass in &mut self.bypasses {
            let clears = |fact: &&GateSettled| {
                fact.outcome == Settled::Granted && fact.asked_number >= Some(bypass.asked_number)
            };
            bypass.cleared = self.settled.iter().find(clears).map(|fact| Cleared {
                approval: fact.approval.clone(),
                at: fact.at,
                in_time: fact.in_time_for.contains(&bypass.passed_number),
            });
        }
        self
    }

    fn first_number(&self) -> u64 {
        let asked = self.asked.iter().map(|asked| asked.number);
        let answered = self.answers.iter().map(|answer| answer.number);
        let passed = self.bypasses.iter().map(|bypass| bypass.asked_number);
        asked.chain(answered).chain(passed).min().unwrap_or_default()
    }
}

impl Answered {
    fn of(claim: &Claim, answer: Answer) -> Self {
        let Claim { number, claimed_at, person, .. } = claim;
        Self { number: *number, answer, claimed_at: *claimed_at, person: person.clone() }
    }
}

impl Bypass {
    /// Whether the grant was there in time after all.
    pub fn was_granted(&self) -> bool {
        self.cleared.as_ref().is_some_and(|cleared| cleared.in_time)
    }

    fn of(bypass: &GateBypassed) -> Self {
        Self {
            asked_number: bypass.asked_number,
            passed_number: bypass.passed_number,
            passed_at: bypass.passed_at.clone(),
            claimed_number: bypass.claimed_number,
            cleared: None,
        }
    }
}

/// Whether a claimed answer is for a gate. FABER often leaves the step out of one of the two.
fn is_for(answered: &Place, gate: &Place) -> bool {
    let same_step = match (&answered.step, &gate.step) {
        (Some(answered), Some(gate)) => answered == gate,
        _ => true,
    };
    answered.phase == gate.phase && answered.phase_text == gate.phase_text && same_step
}
