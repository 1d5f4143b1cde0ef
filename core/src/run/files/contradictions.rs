//! What cannot all be true of a state: within itself, against the sighting before, and against the
//! clock of whoever holds it. Each is told once, by the sighting that shows it first.

use std::time::Duration;

use helmstream_schemas::{
    Timestamp,
    run::{Contradiction, Ending, Place, Sighting, State},
};

use super::{Standing, StepChange, at, is_over, word};

/// Moves of a run's status that FABER's own guard lets pass. It refuses `awaiting_feedback` and
/// `stopped` both ways though FABER itself needs the one and writes the other, so of these nothing
/// is said.
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

/// A commit's time is told in whole seconds: what happened later in that second is not ahead of it.
const COMMIT_GRAIN: Duration = Duration::from_nanos(999_999_999);

/// What a state shows that cannot all be true.
pub(super) fn contradictions(
    before: Option<&Standing>,
    state: &State,
    steps: &[StepChange<'_>],
    sighting: &Sighting,
) -> Vec<Contradiction> {
    let mut found: Vec<Contradiction> =
        steps.iter().flat_map(|step| of_step(step, sighting)).collect();
    let status = before.and_then(|before| before.status.as_ref());
    if let (Some(from), Some(to)) = (status, &state.status)
        && !may_follow(from, to)
    {
        found.push(Contradiction::Move { from: from.clone(), to: to.clone() });
    }
    let (updated_at, completed_at) = (at(&state.updated_at), at(&state.completed_at));
    let last_update = before.and_then(|before| before.updated_at);
    match updated_at.filter(|at| last_update >= Some(*at)) {
        Some(updated_at) if !steps.is_empty() => {
            let changes = u32::try_from(steps.len()).unwrap_or(u32::MAX);
            found.push(Contradiction::FrozenUpdate { updated_at, changes });
        }
        Some(_) => {}
        None => found.extend(ahead(None, updated_at, sighting)),
    }
    if completed_at != before.and_then(|before| before.completed_at) {
        found.extend(ahead(None, completed_at, sighting));
    }
    found
}

fn of_step(step: &StepChange<'_>, sighting: &Sighting) -> Vec<Contradiction> {
    let mut found = Vec::new();
    let to = step.is.and_then(|is| is.status.as_deref()).unwrap_or_default();
    if let Some(is) = step.is {
        let completed_at = at(&is.completed_at);
        if step.was.and_then(|was| was.completed_at) != completed_at {
            found.extend(ahead(Some(step.place), completed_at, sighting));
        }
        found.extend(still_running(step.place, to, is.message.as_deref()));
    }
    // A step that failed is tried again; only what had succeeded cannot be undone.
    let undone = step.was.filter(|was| {
        let ending = Ending::of(&was.status);
        !matches!(ending, Ending::Other | Ending::Failed) && !is_over(to)
    });
    found.extend(
        undone.map(|was| Contradiction::Undone {
            place: step.place.clone(),
            from: was.status.clone(),
        }),
    );
    found
}

/// Something dated after the file was received, or after the commit that holds it.
fn ahead(
    place: Option<&Place>,
    claimed_at: Option<Timestamp>,
    sighting: &Sighting,
) -> Option<Contradiction> {
    let claimed_at = claimed_at?;
    let (seen_at, latest) = match &sighting.commit {
        Some(commit) => (commit.committed_at, commit.committed_at.plus(COMMIT_GRAIN)),
        None => (sighting.received_at, sighting.received_at),
    };
    claimed_at.since(latest)?;
    let ahead = claimed_at.since(seen_at)?;
    let ahead_ms = u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX);
    let place = place.cloned();
    Some(Contradiction::AheadOfSighting { place, claimed_at, seen_at, ahead_ms })
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
    let [from, to] = [from, to].map(word);
    let is_known = |word: &str| MOVES.iter().any(|(known, _)| *known == word);
    let allowed = MOVES.iter().find(|(known, _)| *known == from).map(|(_, allowed)| *allowed);
    from == to || !is_known(&to) || allowed.is_none_or(|allowed| allowed.contains(&to.as_str()))
}
