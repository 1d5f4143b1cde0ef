//! Gates of a run: where an approval was asked, which approvals were granted, and whether the run
//! went on without a grant. Asking and going on are ordered by the run's own numbers; a grant is not
//! the run's, so it is set against them by the times at which the door received either. What the
//! run itself says of an answer passes no gate.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Bound, RangeBounds},
};

use helmstream_schemas::{
    Timestamp,
    run::{Answer, Claim, GateBypassed, GateSettled, Place, Settle, Settled},
};
use serde::{Deserialize, Serialize};

/// Everything about gates that is known of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Gates {
    /// Who asked: the claim's number, the gate, and when it was received.
    asks: BTreeSet<(u64, Place, Timestamp)>,
    /// What the run says was granted: the claim's number, and the gate.
    claimed: BTreeSet<(u64, Place)>,
    /// Claims by which the run went on: a phase or step that began, a merge.
    moves: BTreeMap<u64, (Place, Timestamp)>,
    /// Approvals that were closed: when, at which gate, and how.
    settled: BTreeSet<(Timestamp, Place, Settled)>,
    /// Bypasses that are on the log: the gate, and the number by which it was passed.
    pub(super) recorded: BTreeSet<(Place, u64)>,
}

/// A stretch of claims for which a gate waits: from the first that asked to the next that asked
/// anew, exclusive both.
struct Wait {
    asked: u64,
    next: Option<u64>,
    granted_at: Option<Timestamp>,
}

impl Wait {
    /// The numbers between the two.
    fn span(&self) -> (Bound<u64>, Bound<u64>) {
        (Bound::Excluded(self.asked), self.next.map_or(Bound::Unbounded, Bound::Excluded))
    }
}

impl Gates {
    pub(super) fn asked(&mut self, claim: &Claim, gate: &Place) {
        self.asks.insert((claim.number, gate.clone(), claim.received_at));
    }

    pub(super) fn answered(&mut self, number: u64, gate: &Place, answer: Answer) {
        if answer == Answer::Granted {
            self.claimed.insert((number, gate.clone()));
        }
    }

    pub(super) fn went_on(&mut self, claim: &Claim, place: &Place) {
        self.moves.insert(claim.number, (place.clone(), claim.received_at));
    }

    pub(super) fn settled(&mut self, settled: &GateSettled) {
        self.settled.insert((settled.at, settled.gate.clone(), settled.outcome));
    }

    pub(super) fn bypassed(&mut self, gate: &Place, number: u64) {
        self.recorded.insert((gate.clone(), number));
    }

    /// What it means for the run that an approval was closed; `None` if it is known.
    pub(super) fn settle(&self, settle: Settle) -> Option<GateSettled> {
        let Settle { gate, approval, outcome, by, at, reason } = settle;
        if self.settled.contains(&(at, gate.clone(), outcome)) {
            return None;
        }
        let asked_number = self.asked_by(&gate, at);
        let in_time = |(place, number): &&(Place, u64)| {
            *place == gate
                && self.moves.get(number).is_some_and(|(_, received_at)| *received_at >= at)
                && self.asks.iter().any(|(asked, place, _)| {
                    *place == gate && asked < number && Some(*asked) <= asked_number
                })
        };
        let in_time_for = match outcome {
            Settled::Granted => self.recorded.iter().filter(in_time).map(|(_, n)| *n).collect(),
            _ => Vec::new(),
        };
        Some(GateSettled { gate, approval, outcome, by, at, reason, asked_number, in_time_for })
    }

    /// Bypasses that are shown by what is known and that the log does not hold yet. One for each
    /// wait: whatever else the run did past the same gate adds nothing.
    pub(super) fn unrecorded_bypasses(&self) -> Vec<GateBypassed> {
        let gates: BTreeSet<&Place> = self.asks.iter().map(|(_, gate, _)| gate).collect();
        let mut found = Vec::new();
        for gate in gates {
            for wait in self.waits(gate) {
                let span = wait.span();
                let is_recorded =
                    self.recorded.iter().any(|(place, n)| place == gate && span.contains(n));
                let too_early = |received_at| wait.granted_at.is_none_or(|at| received_at < at);
                let passed = self.moves.range(span).find(|(_, (_, at))| too_early(*at));
                if let (false, Some((number, (place, _)))) = (is_recorded, passed) {
                    let claims = self.claimed.iter().filter(|(_, place)| is_for(place, gate));
                    let claimed =
                        claims.map(|(n, _)| *n).find(|n| (wait.asked..*number).contains(n));
                    found.push(GateBypassed {
                        gate: gate.clone(),
                        asked_number: wait.asked,
                        passed_number: *number,
                        passed_at: place.clone(),
                        claimed_number: claimed,
                    });
                }
            }
        }
        found
    }

    /// The waits at a gate, in order. What asks while the gate waits belongs to the same wait, and
    /// so does what asked before the grant and was told late.
    fn waits(&self, gate: &Place) -> Vec<Wait> {
        let mut waits: Vec<Wait> = Vec::new();
        let mut covered_to = None;
        for (asked, _, _) in self.asks.iter().filter(|(_, place, _)| place == gate) {
            if waits.is_empty() || covered_to.is_some_and(|covered| *asked > covered) {
                if let Some(last) = waits.last_mut() {
                    last.next = Some(*asked);
                }
                let grant = self.grant_of(*asked, gate);
                covered_to = grant.map(|(_, covered)| covered);
                waits.push(Wait { asked: *asked, next: None, granted_at: grant.map(|(at, _)| at) });
            }
        }
        waits
    }

    /// The first grant that covers what this claim asked, and the last number it covers.
    fn grant_of(&self, asked: u64, gate: &Place) -> Option<(Timestamp, u64)> {
        let grants =
            self.settled.iter().filter(|(_, place, how)| place == gate && *how == Settled::Granted);
        grants
            .filter_map(|(at, _, _)| Some((*at, self.asked_by(gate, *at)?)))
            .find(|(_, covered)| asked <= *covered)
    }

    /// The highest number that had asked at a gate by then.
    fn asked_by(&self, gate: &Place, at: Timestamp) -> Option<u64> {
        let asked =
            self.asks.iter().filter(|(_, place, received_at)| place == gate && *received_at <= at);
        asked.map(|(number, _, _)| *number).max()
    }
}

/// Whether a claimed answer is for a gate. FABER often leaves the step out of one of the two.
fn is_for(answered: &Place, gate: &Place) -> bool {
    let same_phase = answered.phase == gate.phase && answered.phase_text == gate.phase_text;
    let same_step = match (&answered.step, &gate.step) {
        (Some(answered), Some(gate)) => answered == gate,
        _ => true,
    };
    same_phase && same_step
}
