//! What the files of a run add to what was known: a state is written over again and again, and each
//! sighting of it is told as its changes, with what cannot all be true of it.

mod contradictions;

use std::collections::{BTreeMap, BTreeSet};

use helmstream_schemas::{
    Hash, Timestamp,
    run::{
        About, Change, Ending, Moment, Observe, Observed, Place, Sighting, State, StepState, Told,
    },
};
use serde::{Deserialize, Serialize};

use self::contradictions::contradictions;
use crate::limits::{CLAIM_YOUNG_MAX, STALL_AFTER};

/// What is known of a run's files.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Files {
    /// Digests of everything that was seen.
    seen: BTreeSet<Hash>,
    /// How often something was seen; more often than `seen` holds where a state came back.
    sightings: usize,
    /// The youngest state.
    standing: Option<Standing>,
}

/// A state, as far as the next one is compared with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Standing {
    content: Hash,
    seen_at: Timestamp,
    status: Option<String>,
    updated_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    phases: Vec<(Place, String)>,
    /// In the order of the file, which can hold a step several times.
    steps: Vec<(Place, Step)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Step {
    status: String,
    completed_at: Option<Timestamp>,
    /// Digest of its message.
    message: Option<Hash>,
}

/// A step that is different from what it was, that is new, or that is gone.
struct StepChange<'a> {
    place: &'a Place,
    was: Option<&'a Step>,
    is: Option<&'a StepState>,
}

impl Files {
    /// How many sightings there were.
    pub(super) fn len(&self) -> usize {
        self.sightings
    }

    /// Whether the youngest state says that the run is over; `None` if there is none.
    pub(super) fn is_over(&self) -> Option<bool> {
        let standing = self.standing.as_ref()?;
        Some(standing.status.as_deref().is_some_and(is_over))
    }

    /// What a sighting adds; `None` if all of it is known.
    pub(super) fn observe(&self, observe: Observe) -> Option<Observed> {
        let Observe { sighting, told } = observe;
        let before = self.standing.as_ref();
        let is_state = matches!(told, Told::State(_));
        let late = is_state && before.is_some_and(|before| before.seen_at > seen_at(&sighting));
        if self.seen.contains(&sighting.content) && !(is_state && self.is_back(&sighting, late)) {
            return None;
        }
        let (mut changes, mut contradictions, mut stalls_at) = (Vec::new(), Vec::new(), None);
        if let (Told::State(state), false) = (&told, late) {
            let steps = step_changes(before, state);
            changes = self::changes(before, state, &steps);
            contradictions = self::contradictions(before, state, &steps, &sighting);
            stalls_at = self::stalls_at(state, &sighting);
        }
        Some(Observed { sighting, told, changes, contradictions, late, stalls_at })
    }

    /// Whether a state that was seen before stands again after another. A commit says nothing of
    /// that kind: the same content is committed anew wherever branches are put on top of others.
    fn is_back(&self, sighting: &Sighting, late: bool) -> bool {
        let stands = self.standing.as_ref().map(|standing| standing.content);
        sighting.commit.is_none() && !late && stands != Some(sighting.content)
    }

    pub(super) fn observed(&mut self, observed: &Observed) {
        self.seen.insert(observed.sighting.content);
        self.sightings += 1;
        if let (Told::State(state), false) = (&observed.told, observed.late) {
            self.standing = Some(Standing::of(state, &observed.sighting));
        }
    }
}

/// What a file says of the run as a whole, if it says that.
pub(super) fn about(told: &Told) -> Option<&About> {
    match told {
        Told::State(state) => Some(&state.about),
        Told::Metadata(about) => Some(about),
        Told::Published(_) => None,
    }
}

/// When a file said what it says: when it was committed, or last written, or received.
fn seen_at(sighting: &Sighting) -> Timestamp {
    let committed_at = sighting.commit.as_ref().map(|commit| commit.committed_at);
    committed_at.or(sighting.written_at).unwrap_or(sighting.received_at)
}

impl Standing {
    fn of(state: &State, sighting: &Sighting) -> Self {
        let phases = state
            .phases
            .iter()
            .filter_map(|phase| Some((phase.place.clone(), phase.status.clone()?)));
        let steps = state.steps.iter().map(|step| (step.place.clone(), Step::of(step)));
        Self {
            content: sighting.content,
            seen_at: seen_at(sighting),
            status: state.status.clone(),
            updated_at: at(&state.updated_at),
            completed_at: at(&state.completed_at),
            phases: phases.collect(),
            steps: steps.collect(),
        }
    }

    fn phase(&self, place: &Place) -> Option<&String> {
        self.phases.iter().find(|(known, _)| known == place).map(|(_, status)| status)
    }
}

impl Step {
    fn of(step: &StepState) -> Self {
        Self {
            status: step.status.clone().unwrap_or_default(),
            completed_at: at(&step.completed_at),
            message: step.message.as_deref().map(|text| Hash::of(text.as_bytes())),
        }
    }
}

fn changes(before: Option<&Standing>, state: &State, steps: &[StepChange<'_>]) -> Vec<Change> {
    let mut changes = Vec::new();
    let status = before.and_then(|before| before.status.clone());
    if let Some(to) = state.status.clone().filter(|to| status.as_ref() != Some(to)) {
        changes.push(Change::Run { from: status, to });
    }
    for phase in &state.phases {
        let from = before.and_then(|before| before.phase(&phase.place)).cloned();
        if let Some(to) = phase.status.clone().filter(|to| from.as_ref() != Some(to)) {
            changes.push(Change::Phase { place: phase.place.clone(), from, to });
        }
    }
    changes.extend(steps.iter().map(|step| match step.is {
        Some(is) => Change::Step {
            place: step.place.clone(),
            from: step.was.map(|was| was.status.clone()),
            to: is.status.clone().unwrap_or_default(),
            completed_at: at(&is.completed_at),
            message: is.message.clone(),
        },
        None => Change::StepGone { place: step.place.clone() },
    }));
    changes
}

/// Steps that are not as they were. The second of two steps with one name is compared with the
/// second that there was.
fn step_changes<'a>(before: Option<&'a Standing>, state: &'a State) -> Vec<StepChange<'a>> {
    let known = before.map(|before| before.steps.as_slice()).unwrap_or_default();
    let mut left: BTreeMap<(&Place, usize), &Step> = BTreeMap::new();
    let mut times: BTreeMap<&Place, usize> = BTreeMap::new();
    for (place, step) in known {
        left.insert((place, next(&mut times, place)), step);
    }
    times.clear();
    let mut changes = Vec::new();
    for step in &state.steps {
        let place = &step.place;
        let was = left.remove(&(place, next(&mut times, place)));
        if was != Some(&Step::of(step)) {
            changes.push(StepChange { place, was, is: Some(step) });
        }
    }
    let gone = left.into_iter();
    changes.extend(gone.map(|((place, _), was)| StepChange { place, was: Some(was), is: None }));
    changes
}

fn next<'a>(times: &mut BTreeMap<&'a Place, usize>, place: &'a Place) -> usize {
    let times = times.entry(place).or_default();
    *times += 1;
    *times
}

fn is_over(status: &str) -> bool {
    Ending::of(status) != Ending::Other
}

/// A state can go silent only while it says that the run is in progress, and only if something it
/// tells was young when it was received. The time of its last change may stand still while steps
/// go on, so theirs count too.
fn stalls_at(state: &State, sighting: &Sighting) -> Option<Timestamp> {
    let runs =
        matches!(state.status.as_deref().map(word).as_deref(), Some("in_progress" | "running"));
    let steps = state.steps.iter().filter_map(|step| at(&step.completed_at));
    let told_at = at(&state.updated_at).into_iter().chain(steps).max()?;
    let age = sighting.received_at.since(told_at).unwrap_or_default();
    (runs && age <= CLAIM_YOUNG_MAX).then(|| sighting.received_at.plus(STALL_AFTER))
}

/// A status as it is compared with others.
fn word(status: &str) -> String {
    status.trim().to_ascii_lowercase().replace(['-', ' '], "_")
}

fn at(moment: &Option<Moment>) -> Option<Timestamp> {
    moment.as_ref().and_then(|moment| moment.at)
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
