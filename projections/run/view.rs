//! One run whole, derived from its entries and from those of the runs that were merged into it.
//! Pure, and the same for the same claims in whatever order they arrived.

use std::collections::{BTreeMap, BTreeSet};

use helmstream_schemas::{
    Hash, Id, Timestamp,
    run::{Artifact, Claim, Ending, Fault, Place, Stalled},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    entry::{Entry, What},
    files::{self, Contradicted, Contradicts, FileSays},
    gates::{Gate, gates},
    state::RunState,
    summary::RunSummary,
};

/// One run whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunView {
    pub id: Id,
    pub summary: RunSummary,
    /// Phases by the number with which each was first named; then those that only files tell.
    pub phases: Vec<Stage>,
    /// Steps by the number with which each was first named; then those that only files tell.
    pub steps: Vec<Stage>,
    pub gates: Vec<Gate>,
    pub artifacts: Vec<Made>,
    pub disputes: Vec<Dispute>,
    /// Where what its files say cannot all be true.
    pub contradictions: Vec<Contradicted>,
    pub stalls: Vec<Stalled>,
    /// Everything, in the order of the run's own numbers; what the plane says of a run stands
    /// behind the claim that it says it of.
    pub timeline: Vec<Entry>,
}

/// A phase or a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RunStage")]
pub struct Stage {
    pub place: Place,
    /// How it ended; absent while it has not, or has begun again since.
    pub ending: Option<Ending>,
    /// When the run says that it last began.
    pub begun_at: Option<Timestamp>,
    /// When the run says that it ended.
    pub ended_at: Option<Timestamp>,
    /// How many times it began.
    pub begun_times: u32,
    pub error: Option<Fault>,
    /// Number of the claim that counts; absent if none does and it is told by a file.
    pub number: Option<u64>,
    /// What a file says of it.
    pub file: Option<FileSays>,
}

/// Something the run made, and the claim that says so; without a number a file does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RunMade")]
pub struct Made {
    pub number: Option<u64>,
    pub artifact: Artifact,
}

/// Two claims of one number say different things; the first stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RunDispute")]
pub struct Dispute {
    pub number: u64,
    pub stands: Hash,
    pub disputed: Hash,
    /// Position of the dispute on EVENTS.
    pub sequence: u64,
}

impl RunView {
    /// A run from its entries and from those of the runs merged into it.
    pub fn of(id: Id, entries: Vec<Entry>) -> Self {
        let entries = in_order(entries);
        // That a run was merged into this one says nothing of how this one stands.
        let own: Vec<Entry> =
            entries.iter().filter(|e| !matches!(e.what, What::Merged(_))).cloned().collect();
        let mut state = RunState::default();
        own.iter().for_each(|entry| state.add(entry));
        Self {
            id,
            summary: state.summary(),
            phases: with_files(stages(&own, phase_of), files::phases(&own)),
            steps: with_files(stages(&own, step_of), files::steps(&own)),
            gates: gates(&own),
            artifacts: artifacts(&own),
            disputes: disputes(&own),
            contradictions: contradictions(&own, &state),
            stalls: own
                .iter()
                .filter_map(|entry| match &entry.what {
                    What::Stalled(stalled) => Some(stalled.clone()),
                    _ => None,
                })
                .collect(),
            timeline: entries,
        }
    }
}

/// Sorts entries as a timeline tells them, and leaves out a claim that came under two names.
fn in_order(mut entries: Vec<Entry>) -> Vec<Entry> {
    entries.sort_by_key(|entry| entry.sequence);
    let mut known = BTreeSet::new();
    entries.retain(|entry| {
        entry.standing().is_none_or(|claim| known.insert((claim.number, claim.content)))
    });
    let mut heard = 0;
    let mut placed: Vec<(u64, Entry)> = entries
        .into_iter()
        .map(|entry| {
            let number = match (&entry.what, &entry.claim) {
                (What::GateBypassed(bypass), _) => bypass.passed_number,
                (_, Some(claim)) => claim.number,
                (_, None) => heard,
            };
            heard = heard.max(number);
            (number, entry)
        })
        .collect();
    placed.sort_by_key(|(number, entry)| (*number, entry.sequence));
    placed.into_iter().map(|(_, entry)| entry).collect()
}

/// Entries that are claims and stand, with their claims.
fn standing(entries: &[Entry]) -> impl Iterator<Item = (&Claim, &What)> {
    entries.iter().filter_map(|entry| Some((entry.standing()?, &entry.what)))
}

/// What an entry says of a stage.
enum Says<'a> {
    Begun,
    Ended(Ending, &'a Option<Fault>),
}

fn phase_of(what: &What) -> Option<(&Place, Says<'_>)> {
    match what {
        What::PhaseBegun(fact) => Some((&fact.place, Says::Begun)),
        What::PhaseEnded(fact) => Some((&fact.place, Says::Ended(fact.ending, &fact.error))),
        _ => None,
    }
}

fn step_of(what: &What) -> Option<(&Place, Says<'_>)> {
    match what {
        What::StepBegun(fact) => Some((&fact.place, Says::Begun)),
        What::StepEnded(fact) => Some((&fact.place, Says::Ended(fact.ending, &fact.error))),
        _ => None,
    }
}

/// Stages, each by the claim with the highest number that speaks of it. Claims come in the order
/// of their numbers, and of two with one number the log's first comes first and stands.
fn stages(entries: &[Entry], says: impl Fn(&What) -> Option<(&Place, Says<'_>)>) -> Vec<Stage> {
    let mut order: Vec<Stage> = Vec::new();
    let mut known: BTreeMap<Place, usize> = BTreeMap::new();
    for (claim, what) in standing(entries) {
        let Some((place, says)) = says(what) else { continue };
        let index = *known.entry(place.clone()).or_insert_with(|| {
            order.push(Stage::unheard(place.clone()));
            order.len() - 1
        });
        let stage = &mut order[index];
        if stage.number == Some(claim.number) {
            continue;
        }
        stage.number = Some(claim.number);
        match says {
            Says::Begun => {
                stage.begun_times += 1;
                stage.begun_at = claim.claimed_at;
                (stage.ending, stage.ended_at, stage.error) = (None, None, None);
            }
            Says::Ended(ending, error) => {
                (stage.ending, stage.error) = (Some(ending), error.clone());
                stage.ended_at = claim.claimed_at;
            }
        }
    }
    order
}

impl Stage {
    fn unheard(place: Place) -> Self {
        Self {
            place,
            ending: None,
            begun_at: None,
            ended_at: None,
            begun_times: 0,
            error: None,
            number: None,
            file: None,
        }
    }

    /// A stage that no claim tells of.
    pub(super) fn of_file(place: Place, begun_at: Option<Timestamp>, says: FileSays) -> Self {
        let ending = says.ending();
        let ended_at = says.completed_at.filter(|_| ending.is_some());
        Self { ending, begun_at, ended_at, file: Some(says), ..Self::unheard(place) }
    }
}

/// Stages by claims, with what files say of each; and those that only files tell.
fn with_files(mut stages: Vec<Stage>, told: Vec<Stage>) -> Vec<Stage> {
    for file in told {
        let same = |stage: &&mut Stage| stage.place == file.place && stage.file.is_none();
        match stages.iter_mut().find(same) {
            Some(stage) => stage.file = file.file,
            None => stages.push(file),
        }
    }
    stages
}

/// What the files show not to be true, and that the run says it ended and its state does not.
fn contradictions(entries: &[Entry], state: &RunState) -> Vec<Contradicted> {
    let mut found = files::contradictions(entries);
    if let (Some((ending, status)), Some((entry, _))) = (state.still_open(), files::state(entries))
        && let What::Observed(observed) = &entry.what
    {
        found.push(Contradicted {
            sequence: entry.sequence,
            path: observed.sighting.path.clone(),
            what: Contradicts::StillOpen { ending, status: status.to_owned() },
        });
    }
    found
}

/// What the run made, each thing once, by the last claim that names it, or else by its state.
fn artifacts(entries: &[Entry]) -> Vec<Made> {
    let mut made: Vec<Made> = Vec::new();
    for (claim, _) in standing(entries) {
        for artifact in &claim.artifacts {
            made.retain(|known| known.artifact != *artifact);
            made.push(Made { number: Some(claim.number), artifact: artifact.clone() });
        }
    }
    let told = files::state(entries).into_iter().flat_map(|(_, state)| &state.artifacts);
    for artifact in told {
        if made.iter().all(|known| known.artifact != *artifact) {
            made.push(Made { number: None, artifact: artifact.clone() });
        }
    }
    made
}

fn disputes(entries: &[Entry]) -> Vec<Dispute> {
    entries
        .iter()
        .filter_map(|entry| match (&entry.what, &entry.claim) {
            (What::ClaimDisputed(dispute), Some(claim)) => Some(Dispute {
                number: claim.number,
                stands: dispute.stands,
                disputed: claim.content,
                sequence: entry.sequence,
            }),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
