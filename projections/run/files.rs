//! What the files of a run say of it, where no claim says it: how it stands, its phases and steps,
//! what it made; and what cannot all be true of that. The youngest state counts; one that was seen
//! late tells nothing new.

use helmstream_schemas::{
    Timestamp,
    run::{About, Change, Contradiction, Ending, Observed, PhaseState, Place, State, Told},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    entry::{Entry, What},
    view::Stage,
};

/// What a file says of a phase or a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileSays {
    /// As written.
    pub status: Option<String>,
    pub completed_at: Option<Timestamp>,
    pub message: Option<String>,
    /// It was there and is not any more.
    pub gone: bool,
    /// Position of the sighting that says so.
    pub sequence: u64,
}

/// Something that cannot all be true, and the sighting that shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FileContradicted")]
pub struct Contradicted {
    pub sequence: u64,
    pub path: String,
    pub what: Contradicts,
}

/// What contradicts what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "FileContradicts")]
pub enum Contradicts {
    /// A file itself, or the one before it.
    Itself(Contradiction),
    /// The run says that it ended, and its state, which was written later, does not.
    StillOpen { ending: Ending, status: String },
}

/// Steps as the files tell them, in the order in which they were first seen.
pub(super) fn steps(entries: &[Entry]) -> Vec<Stage> {
    let mut rows: Vec<(Place, FileSays)> = Vec::new();
    for (entry, observed) in standing(entries) {
        let mut touched = Vec::new();
        for change in &observed.changes {
            let (Change::Step { place, .. } | Change::StepGone { place }) = change else {
                continue;
            };
            let says = says(change, entry.sequence);
            let free = |index: &usize| rows[*index].0 == *place && !touched.contains(index);
            let mut same = (0..rows.len()).filter(free);
            let index = match change {
                // What is new may have been told by another file of the run.
                Change::Step { from: None, .. } => {
                    same.find(|index| rows[*index].1.gone || rows[*index].1.is_as(&says))
                }
                Change::Step { from, .. } => {
                    same.find(|index| !rows[*index].1.gone && rows[*index].1.status == *from)
                }
                _ => same.rfind(|index| !rows[*index].1.gone),
            };
            let index = index.unwrap_or(rows.len());
            touched.push(index);
            match rows.get_mut(index) {
                Some((_, known)) if says.gone => known.gone = true,
                Some((_, known)) => *known = says,
                None => rows.push((place.clone(), says)),
            }
        }
    }
    rows.into_iter().map(|(place, says)| Stage::of_file(place, None, says)).collect()
}

/// Phases as the youngest state tells them.
pub(super) fn phases(entries: &[Entry]) -> Vec<Stage> {
    let Some((entry, state)) = state(entries) else { return Vec::new() };
    let stage = |phase: &PhaseState| {
        let at = |moment: &Option<helmstream_schemas::run::Moment>| moment.as_ref()?.at;
        let says = FileSays {
            status: phase.status.clone(),
            completed_at: at(&phase.completed_at),
            message: None,
            gone: false,
            sequence: entry.sequence,
        };
        Stage::of_file(phase.place.clone(), at(&phase.started_at), says)
    };
    state.phases.iter().map(stage).collect()
}

/// The youngest state, and the entry of its sighting.
pub(super) fn state(entries: &[Entry]) -> Option<(&Entry, &State)> {
    let states = standing(entries).filter_map(|(entry, observed)| match &observed.told {
        Told::State(state) => Some((entry, observed, state)),
        _ => None,
    });
    let youngest = states.max_by_key(|(entry, observed, _)| (seen_at(observed), entry.sequence));
    youngest.map(|(entry, _, state)| (entry, state))
}

/// Everything that the files show not to be true.
pub(super) fn contradictions(entries: &[Entry]) -> Vec<Contradicted> {
    let each = entries.iter().filter_map(|entry| match &entry.what {
        What::Observed(observed) => Some((entry, observed)),
        _ => None,
    });
    let told = each.flat_map(|(entry, observed)| {
        observed.contradictions.iter().map(|found| Contradicted {
            sequence: entry.sequence,
            path: observed.sighting.path.clone(),
            what: Contradicts::Itself(found.clone()),
        })
    });
    told.collect()
}

/// When a file said what it says: when it was committed, or last written, or received.
pub(super) fn seen_at(observed: &Observed) -> Timestamp {
    let sighting = &observed.sighting;
    let committed_at = sighting.commit.as_ref().map(|commit| commit.committed_at);
    committed_at.or(sighting.written_at).unwrap_or(sighting.received_at)
}

/// What the view keeps of a sighting: steps are in its changes, and what else a file says stays on
/// the log, where `event show` finds it.
pub(super) fn slim(mut observed: Box<Observed>) -> Box<Observed> {
    observed.sighting.removed.clear();
    let bare = |about: &mut About| about.rest.clear();
    match &mut observed.told {
        Told::State(state) => {
            bare(&mut state.about);
            state.steps.clear();
            state.phases.iter_mut().for_each(|phase| phase.rest.clear());
        }
        Told::Metadata(about) => bare(about),
        Told::Published(line) => line.rest.clear(),
    }
    observed
}

/// Sightings that were not late, the oldest first.
fn standing(entries: &[Entry]) -> impl Iterator<Item = (&Entry, &Observed)> {
    let observed = entries.iter().filter_map(|entry| match &entry.what {
        What::Observed(observed) if !observed.late => Some((entry, &**observed)),
        _ => None,
    });
    let mut observed: Vec<_> = observed.collect();
    observed.sort_by_key(|(entry, observed)| (seen_at(observed), entry.sequence));
    observed.into_iter()
}

fn says(change: &Change, sequence: u64) -> FileSays {
    let (status, completed_at, message) = match change {
        Change::Step { to, completed_at, message, .. } => {
            (Some(to.clone()), *completed_at, message.clone())
        }
        _ => (None, None, None),
    };
    let gone = matches!(change, Change::StepGone { .. });
    FileSays { status, completed_at, message, gone, sequence }
}

impl FileSays {
    /// How it ended, if it did.
    pub(super) fn ending(&self) -> Option<Ending> {
        let ending = Ending::of(self.status.as_deref()?);
        (ending != Ending::Other && !self.gone).then_some(ending)
    }

    fn is_as(&self, other: &Self) -> bool {
        (&self.status, self.completed_at, &self.message)
            == (&other.status, other.completed_at, &other.message)
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
