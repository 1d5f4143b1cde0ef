//! What the files of a run add to what was known: a state is written over again and again, and each
//! sighting of it is told as its changes, with what cannot all be true of it.

use std::collections::{BTreeMap, BTreeSet};

use helmstream_schemas::{
    Hash, Timestamp,
    run::{
        About, Change, Contradiction, Ending, Moment, Observe, Observed, Place, Sighting, State,
        StepState, Told,
    },
};
use serde::{Deserialize, Serialize};

use crate::limits::{CLAIM_YOUNG_MAX, STALL_AFTER};

/// Moves of a run's status that FABER's own guard lets pass.
const MOVES: [(&str, &[&str]); 6] = [
    ("pending", &["in_progress", "cancelled"]),
    ("in_progress", &["paused", "completed", "failed", "cancelled"]),
    ("paused", &["in_progress", "failed", "cancelled"]),
    ("failed", &["in_progress"]),
    ("completed", &[]),
    ("cancelled", &[]),
];

/// Words in which the message of a step says that something is not over.
const NOT_OVER: [&str; 6] =
    ["in progress", "in-progress", "still running", "still pending", "is running", "are running"];

/// What is known of a run's files.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Files {
    /// Digests of everything that was seen.
    seen: BTreeSet<Hash>,
    /// The youngest state.
    standing: Option<Standing>,
}

/// A state, as far as the next one is compared with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Standing {
    seen_at: Timestamp,
    status: Option<String>,
    updated_at: Option<Timestamp>,
    phases: Vec<(Place, String)>,
    steps: Vec<(Place, Step)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Step {
    status: String,
    completed_at: Option<Timestamp>,
    /// Digest of its message.
    message: Option<Hash>,
}

impl Files {
    /// How many files were seen.
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }

    /// Whether the youngest state says that the run is over; `None` if there is none.
    pub(super) fn is_over(&self) -> Option<bool> {
        let standing = self.standing.as_ref()?;
        Some(standing.status.as_deref().is_some_and(is_over))
    }

    /// What a sighting adds; `None` if all of it is known.
    pub(super) fn observe(&self, observe: Observe) -> Option<Observed> {
        let Observe { sighting, told } = observe;
        if self.seen.contains(&sighting.content) {
            return None;
        }
        let (mut changes, mut contradictions, mut late, mut stalls_at) =
            (Vec::new(), Vec::new(), false, None);
        if let Told::State(state) = &told {
            let before = self.standing.as_ref();
            late = before.is_some_and(|before| before.seen_at > seen_at(&sighting));
            if !late {
                changes = self::changes(before, state);
                contradictions = self::contradictions(before, state, &changes, &sighting);
                stalls_at = self::stalls_at(state, &sighting);
            }
        }
        Some(Observed { sighting, told, changes, contradictions, late, stalls_at })
    }

    pub(super) fn observed(&mut self, observed: &Observed) {
        self.seen.insert(observed.sighting.content);
        if let (Told::State(state), false) = (&observed.told, observed.late) {
            self.standing = Some(Standing::of(state, seen_at(&observed.sighting)));
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
    fn of(state: &State, seen_at: Timestamp) -> Self {
        let phases = state
            .phases
            .iter()
            .filter_map(|phase| Some((phase.place.clone(), phase.status.clone()?)));
        let steps: BTreeMap<&Place, &StepState> =
            state.steps.iter().map(|step| (&step.place, step)).collect();
        let steps = steps.into_iter().map(|(place, step)| (place.clone(), Step::of(step)));
        Self {
            seen_at,
            status: state.status.clone(),
            updated_at: at(&state.updated_at),
            phases: phases.collect(),
            steps: steps.collect(),
        }
    }

    fn phase(&self, place: &Place) -> Option<&String> {
        self.phases.iter().find(|(known, _)| known == place).map(|(_, status)| status)
    }

    fn step(&self, place: &Place) -> Option<&Step> {
        self.steps.iter().find(|(known, _)| known == place).map(|(_, step)| step)
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

fn changes(before: Option<&Standing>, state: &State) -> Vec<Change> {
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
    for step in &state.steps {
        let known = before.and_then(|before| before.step(&step.place));
        if known != Some(&Step::of(step)) {
            changes.push(Change::Step {
                place: step.place.clone(),
                from: known.map(|known| known.status.clone()),
                to: step.status.clone().unwrap_or_default(),
                completed_at: at(&step.completed_at),
                message: step.message.clone(),
            });
        }
    }
    let gone = before.into_iter().flat_map(|before| &before.steps);
    let gone = gone.filter(|(place, _)| state.steps.iter().all(|step| step.place != *place));
    changes.extend(gone.map(|(place, _)| Change::StepGone { place: place.clone() }));
    changes
}

fn contradictions(
    before: Option<&Standing>,
    state: &State,
    changes: &[Change],
    sighting: &Sighting,
) -> Vec<Contradiction> {
    let mut found = Vec::new();
    let seen_at = sighting.commit.as_ref().map_or(sighting.received_at, |c| c.committed_at);
    let ahead = |place: Option<&Place>, claimed_at: Option<Timestamp>| {
        let claimed_at = claimed_at?;
        let ahead = claimed_at.since(seen_at).filter(|ahead| !ahead.is_zero())?;
        let ahead_ms = u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX);
        let place = place.cloned();
        Some(Contradiction::AheadOfSighting { place, claimed_at, seen_at, ahead_ms })
    };
    let mut steps_changed = 0;
    for change in changes {
        match change {
            Change::Step { place, from, to, completed_at, message } => {
                steps_changed += 1;
                found.extend(ahead(Some(place), *completed_at));
                found.extend(still_running(place, to, message.as_deref()));
                if let Some(from) = from.as_ref().filter(|from| is_over(from) && !is_over(to)) {
                    found.push(Contradiction::Undone { place: place.clone(), from: from.clone() });
                }
            }
            Change::StepGone { place } => {
                steps_changed += 1;
                let step = before.and_then(|before| before.step(place));
                if let Some(step) = step.filter(|step| is_over(&step.status)) {
                    let from = step.status.clone();
                    found.push(Contradiction::Undone { place: place.clone(), from });
                }
            }
            Change::Run { from: Some(from), to } if !may_follow(from, to) => {
                found.push(Contradiction::Move { from: from.clone(), to: to.clone() });
            }
            Change::Run { .. } | Change::Phase { .. } => {}
        }
    }
    let updated_at = at(&state.updated_at);
    let last_update = before.and_then(|before| before.updated_at);
    match updated_at.filter(|at| last_update == Some(*at)) {
        Some(updated_at) if steps_changed > 0 => {
            found.push(Contradiction::FrozenUpdate { updated_at, changes: steps_changed });
        }
        Some(_) => {}
        None => found.extend(ahead(None, updated_at)),
    }
    found.extend(ahead(None, at(&state.completed_at)));
    found
}

fn still_running(place: &Place, status: &str, message: Option<&str>) -> Option<Contradiction> {
    let message = message?;
    let said = message.to_lowercase();
    let contradicts = Ending::of(status) == Ending::Completed
        && NOT_OVER.iter().any(|words| said.contains(words));
    contradicts
        .then(|| Contradiction::StillRunning { place: place.clone(), message: message.to_owned() })
}

/// Whether a status can follow another; of words that FABER's guard does not know nothing is said.
fn may_follow(from: &str, to: &str) -> bool {
    let is_known = |word: &str| MOVES.iter().any(|(known, _)| *known == word);
    let allowed = MOVES.iter().find(|(known, _)| *known == from).map(|(_, allowed)| *allowed);
    !is_known(to) || allowed.is_none_or(|allowed| allowed.contains(&to))
}

fn is_over(status: &str) -> bool {
    Ending::of(status) != Ending::Other
}

/// A state can go silent only while it says that the run is in progress, and only if it was young
/// when it was received.
fn stalls_at(state: &State, sighting: &Sighting) -> Option<Timestamp> {
    let runs = matches!(state.status.as_deref(), Some("in_progress" | "running"));
    let age = sighting.received_at.since(at(&state.updated_at)?).unwrap_or_default();
    (runs && age <= CLAIM_YOUNG_MAX).then(|| sighting.received_at.plus(STALL_AFTER))
}

fn at(moment: &Option<Moment>) -> Option<Timestamp> {
    moment.as_ref().and_then(|moment| moment.at)
}
