//! What a list has to know of a run, kept small so that an event costs the same in a long run as in
//! a short one. Every part is a maximum, a minimum, a count or a set: where claims compete the one
//! with the highest number counts, and of two with the same number the one that the log holds
//! first. So the order in which claims arrive does not matter.

use std::collections::BTreeSet;

use helmstream_schemas::{
    Id, Timestamp,
    run::{Ending, Phase, Place, Settled, Started},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    entry::{Entry, What},
    summary::{RunStatus, RunSummary, autonomy_word},
    told::FromFiles,
};

/// A run, as far as a list shows it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RunState {
    /// The last claim that began or ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    life: Option<Ranked<Life>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phase: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work_id: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_id: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autonomy: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Ranked<String>>,
    /// The first claim that began it, ranked from below.
    #[serde(skip_serializing_if = "Option::is_none")]
    began: Option<Ranked<Option<Timestamp>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    heard_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stalls_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stalled_at: Option<Timestamp>,
    claims: u32,
    #[serde(skip_serializing_if = "is_zero")]
    disputes: u32,
    /// Gates that were passed, and the number of the claim that had asked.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    bypasses: BTreeSet<(Place, u64)>,
    /// Grants, and the number of the last claim that had asked by then.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    grants: BTreeSet<(Place, u64)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<Id>,
    /// What its files say; it counts where no claim says it.
    #[serde(skip_serializing_if = "is_nothing")]
    files: FromFiles,
    pub(super) first_seq: u64,
    pub(super) last_seq: u64,
}

/// A value that a claim gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Ranked<T> {
    number: u64,
    sequence: u64,
    value: T,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Life {
    /// Absent if the run lives.
    ending: Option<Ending>,
    claimed_at: Option<Timestamp>,
}

impl RunState {
    /// Adds an entry. Entries may come in any order, but none twice.
    pub fn add(&mut self, entry: &Entry) {
        self.first_seq =
            if self.first_seq == 0 { entry.sequence } else { self.first_seq.min(entry.sequence) };
        self.last_seq = self.last_seq.max(entry.sequence);
        self.heard_at = self.heard_at.max(entry.claim.as_ref().map(|claim| claim.received_at));
        self.stalls_at = self.stalls_at.max(entry.stalls_at);
        match &entry.what {
            What::GateBypassed(bypass) => {
                self.bypasses.insert((bypass.gate.clone(), bypass.asked_number));
            }
            What::GateSettled(fact) => {
                if let (Settled::Granted, Some(asked)) = (fact.outcome, fact.asked_number) {
                    self.grants.insert((fact.gate.clone(), asked));
                }
            }
            What::Observed(observed) => {
                self.heard_at = self.heard_at.max(Some(observed.sighting.received_at));
                self.files.add(observed, entry.sequence);
            }
            What::ClaimDisputed(_) => self.disputes += 1,
            What::Stalled(stalled) => self.stalled_at = self.stalled_at.max(Some(stalled.due_at)),
            What::Merged(merged) => self.merged_into = Some(merged.into.clone()),
            _ => self.add_claim(entry),
        }
    }

    fn add_claim(&mut self, entry: &Entry) {
        let Some(claim) = entry.standing() else { return };
        let (number, sequence, claimed_at) = (claim.number, entry.sequence, claim.claimed_at);
        self.claims += 1;
        if let Some(value) = entry.place().and_then(phase_of) {
            higher(&mut self.phase, Ranked { number, sequence, value });
        }
        let life = |ending| Ranked { number, sequence, value: Life { ending, claimed_at } };
        match &entry.what {
            What::Started(started) => {
                higher(&mut self.life, life(None));
                lower(&mut self.began, Ranked { number, sequence, value: claimed_at });
                self.add_started(started, number, sequence);
            }
            What::Resumed(_) => higher(&mut self.life, life(None)),
            What::Ended(ended) => higher(&mut self.life, life(Some(ended.ending))),
            _ => {}
        }
    }

    fn add_started(&mut self, started: &Started, number: u64, sequence: u64) {
        let canonical = started.autonomy.and_then(autonomy_word).map(str::to_owned);
        let told = [
            (&mut self.work_id, started.work_id.clone()),
            (&mut self.workflow_id, started.workflow_id.clone()),
            (&mut self.title, started.title.clone()),
            (&mut self.autonomy, canonical.or_else(|| started.autonomy_text.clone())),
        ];
        for (held, value) in told {
            if let Some(value) = value {
                higher(held, Ranked { number, sequence, value });
            }
        }
    }

    /// The run in one line.
    pub fn summary(&self) -> RunSummary {
        let value =
            |held: &Option<Ranked<String>>| held.as_ref().map(|ranked| ranked.value.clone());
        let began = self.began.as_ref().map(|began| began.value);
        let ended_at = match self.life.as_ref().map(|life| life.value) {
            Some(life) => life.claimed_at.filter(|_| life.ending.is_some()),
            None => self.files.ended_at(),
        };
        let still_open = u32::from(self.still_open().is_some());
        RunSummary {
            status: self.status(),
            phase: value(&self.phase).or_else(|| self.files.phase()),
            work_id: value(&self.work_id).or_else(|| self.files.work_id()),
            workflow_id: value(&self.workflow_id).or_else(|| self.files.workflow_id()),
            autonomy: value(&self.autonomy).or_else(|| self.files.autonomy()),
            title: value(&self.title).or_else(|| self.files.title()),
            started_at: began.unwrap_or_else(|| self.files.started_at()),
            heard_at: self.heard_at,
            ended_at,
            claims: self.claims,
            bypasses_open: self.bypasses_open(),
            disputes: self.disputes,
            contradictions: self.files.contradictions().saturating_add(still_open),
            merged_into: self.merged_into.clone(),
            first_seq: self.first_seq,
            last_seq: self.last_seq,
        }
    }

    /// That the run says that it ended, and its state, which was written later, does not.
    pub(super) fn still_open(&self) -> Option<(Ending, &str)> {
        let life = self.life.as_ref()?.value;
        Some((life.ending?, self.files.open_after(life.claimed_at)?))
    }

    /// A merge is final; an end stands until a higher number begins the run again; where no claim
    /// began or ended it, its state says whether it is over or waits; a stall stands until something
    /// is heard that lets the run be expected again.
    fn status(&self) -> RunStatus {
        if self.merged_into.is_some() {
            return RunStatus::Merged;
        }
        let told = match &self.life {
            Some(life) => life.value.ending.map(RunStatus::of),
            None => {
                self.files.status().filter(|told| self.claims == 0 || *told != RunStatus::Pending)
            }
        };
        match told {
            Some(status) => status,
            None if self.stalled_at.is_some() && self.stalled_at >= self.stalls_at => {
                RunStatus::Stalled
            }
            None => RunStatus::Running,
        }
    }

    /// Gates that were passed and have no grant since.
    fn bypasses_open(&self) -> u32 {
        let is_cleared = |(gate, asked): &&(Place, u64)| {
            self.grants.iter().any(|(place, covered)| covered >= asked && place == gate)
        };
        let open = self.bypasses.iter().filter(|bypass| !is_cleared(bypass)).count();
        u32::try_from(open).unwrap_or(u32::MAX)
    }

    /// About how many bytes it takes in memory.
    pub(super) fn weight(&self) -> usize {
        let texts = [&self.phase, &self.work_id, &self.workflow_id, &self.autonomy, &self.title];
        let texts: usize = texts.into_iter().flatten().map(|ranked| ranked.value.len()).sum();
        size_of::<Self>()
            + texts
            + self.files.weight()
            + (self.bypasses.len() + self.grants.len()) * 128
    }
}

fn higher<T>(held: &mut Option<Ranked<T>>, told: Ranked<T>) {
    let rank = |ranked: &Ranked<T>| (ranked.number, u64::MAX - ranked.sequence);
    if held.as_ref().is_none_or(|held| rank(&told) > rank(held)) {
        *held = Some(told);
    }
}

fn lower<T>(held: &mut Option<Ranked<T>>, told: Ranked<T>) {
    let rank = |ranked: &Ranked<T>| (ranked.number, ranked.sequence);
    if held.as_ref().is_none_or(|held| rank(&told) < rank(held)) {
        *held = Some(told);
    }
}

fn phase_of(place: &Place) -> Option<String> {
    let canonical = place.phase.filter(|phase| *phase != Phase::Other).map(Phase::word);
    canonical.map(str::to_owned).or_else(|| place.phase_text.clone())
}

fn is_nothing(files: &FromFiles) -> bool {
    *files == FromFiles::default()
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}
