//! Gates of a run: where an approval was asked, what was answered, and whether the run went on
//! without a grant. All by the run's own numbers, so that the order of arrival does not matter.
//! What the run says of an answer is a claim; until approvals are the plane's own it counts here.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::{Bound, RangeBounds},
};

use helmstream_schemas::run::{Answer, Place};
use serde::{Deserialize, Serialize};

use super::GateBypassed;

/// Everything about gates that a run's claims have said so far.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Gates {
    asks: BTreeSet<(u64, Place)>,
    answers: BTreeMap<u64, (Place, Answer)>,
    /// Claims by which the run went on: a phase or step that began, a merge.
    moves: BTreeMap<u64, Place>,
    /// Bypasses that are on the log: the gate, and the number by which it was passed.
    pub(super) recorded: BTreeSet<(Place, u64)>,
}

/// A stretch of claims from an ask to its grant. Without a grant it has no end.
struct Wait {
    asked: u64,
    granted: Option<u64>,
}

impl Wait {
    /// The numbers between the two.
    fn span(&self) -> (Bound<u64>, Bound<u64>) {
        (Bound::Excluded(self.asked), self.granted.map_or(Bound::Unbounded, Bound::Excluded))
    }
}

impl Gates {
    pub(super) fn asked(&mut self, number: u64, gate: &Place) {
        self.asks.insert((number, gate.clone()));
    }

    pub(super) fn answered(&mut self, number: u64, gate: &Place, answer: Answer) {
        self.answers.insert(number, (gate.clone(), answer));
    }

    pub(super) fn went_on(&mut self, number: u64, place: &Place) {
        self.moves.insert(number, place.clone());
    }

    pub(super) fn bypassed(&mut self, gate: &Place, number: u64) {
        self.recorded.insert((gate.clone(), number));
    }

    /// Bypasses that the claims show and the log does not hold yet. One for each wait: whatever
    /// else the run did past the same gate adds nothing.
    pub(super) fn unrecorded_bypasses(&self) -> Vec<GateBypassed> {
        let gates: BTreeSet<&Place> = self.asks.iter().map(|(_, gate)| gate).collect();
        let mut found = Vec::new();
        for gate in gates {
            for wait in self.waits(gate) {
                let span = wait.span();
                let recorded = self.recorded.iter().any(|(g, n)| g == gate && span.contains(n));
                let passed = self.moves.range(span).next();
                if let (false, Some((number, place))) = (recorded, passed) {
                    found.push(GateBypassed {
                        gate: gate.clone(),
                        asked_number: wait.asked,
                        passed_number: *number,
                        passed_at: place.clone(),
                    });
                }
            }
        }
        found
    }

    /// The waits at a gate, in order. An ask while the gate waits belongs to the same wait.
    fn waits(&self, gate: &Place) -> Vec<Wait> {
        let mut waits: Vec<Wait> = Vec::new();
        for (asked, _) in self.asks.iter().filter(|(_, place)| place == gate) {
            let waiting = waits.last().is_some_and(|wait| wait.span().contains(asked));
            if !waiting {
                waits.push(Wait { asked: *asked, granted: self.grant_after(*asked, gate) });
            }
        }
        waits
    }

    fn grant_after(&self, asked: u64, gate: &Place) -> Option<u64> {
        self.answers
            .range((Bound::Excluded(asked), Bound::Unbounded))
            .find(|(_, (place, answer))| *answer == Answer::Granted && is_for(place, gate))
            .map(|(number, _)| *number)
    }
}

/// Whether an answer is for a gate. FABER often leaves the step out of one of the two.
fn is_for(answered: &Place, gate: &Place) -> bool {
    let same_phase = answered.phase == gate.phase && answered.phase_text == gate.phase_text;
    let same_step = match (&answered.step, &gate.step) {
        (Some(answered), Some(gate)) => answered == gate,
        _ => true,
    };
    same_phase && same_step
}
