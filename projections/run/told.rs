//! What a list has to know of a run's files: how the youngest state stands, and what any of them
//! says of the run as a whole. It counts where no claim says it.

use helmstream_schemas::{
    Timestamp,
    run::{About, Ending, Moment, Observed, State, Told},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    files::seen_at,
    summary::{RunStatus, autonomy_word},
};

/// What files say, as far as a list shows it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct FromFiles {
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<Seen<Standing>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    work_id: Option<Seen<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_id: Option<Seen<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    autonomy: Option<Seen<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<Seen<String>>,
    contradictions: u32,
}

/// A value that a file gives. The youngest counts, and a state before anything else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Seen<T> {
    is_state: bool,
    seen_at: Timestamp,
    sequence: u64,
    value: T,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Standing {
    status: Option<String>,
    phase: Option<String>,
    started_at: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

impl FromFiles {
    pub(super) fn add(&mut self, observed: &Observed, sequence: u64) {
        let found = u32::try_from(observed.contradictions.len()).unwrap_or(u32::MAX);
        self.contradictions = self.contradictions.saturating_add(found);
        let (about, is_state) = match &observed.told {
            Told::State(state) => {
                let value = Standing::of(state);
                let seen_at = seen_at(observed);
                younger(&mut self.standing, Seen { is_state: true, seen_at, sequence, value });
                (&state.about, true)
            }
            Told::Metadata(about) => (about, false),
            Told::Published(_) => return,
        };
        let About { work_id, workflow_id, title, .. } = about;
        let autonomy = about.autonomy.and_then(autonomy_word).map(str::to_owned);
        let told = [
            (&mut self.work_id, work_id.clone()),
            (&mut self.workflow_id, workflow_id.clone()),
            (&mut self.title, title.clone()),
            (&mut self.autonomy, autonomy.or_else(|| about.autonomy_text.clone())),
        ];
        for (held, value) in told {
            if let Some(value) = value {
                younger(held, Seen { is_state, seen_at: seen_at(observed), sequence, value });
            }
        }
    }

    /// How the youngest state says that the run stands; `None` if there is none that says it, or if
    /// it only says that the run is going on.
    pub(super) fn status(&self) -> Option<RunStatus> {
        let status = self.written()?;
        match (Ending::of(status), status.trim().to_ascii_lowercase().as_str()) {
            (Ending::Other, "pending" | "planned" | "initialized") => Some(RunStatus::Pending),
            (Ending::Other, "paused" | "awaiting_feedback") => Some(RunStatus::Paused),
            (Ending::Other, "stopped") => Some(RunStatus::Ended),
            (Ending::Other, _) => None,
            (ending, _) => Some(RunStatus::of(ending)),
        }
    }

    /// The status as written, if the state does not say that the run is over, and was written after
    /// an instant.
    pub(super) fn open_after(&self, at: Option<Timestamp>) -> Option<&str> {
        let status = self.written().filter(|status| Ending::of(status) == Ending::Other)?;
        let seen_at = self.standing.as_ref()?.seen_at;
        at.is_none_or(|at| seen_at >= at).then_some(status)
    }

    fn written(&self) -> Option<&str> {
        self.standing.as_ref()?.value.status.as_deref()
    }

    pub(super) fn phase(&self) -> Option<String> {
        self.standing.as_ref()?.value.phase.clone()
    }

    pub(super) fn started_at(&self) -> Option<Timestamp> {
        self.standing.as_ref()?.value.started_at
    }

    pub(super) fn ended_at(&self) -> Option<Timestamp> {
        self.standing.as_ref()?.value.ended_at
    }

    pub(super) fn work_id(&self) -> Option<String> {
        value(&self.work_id)
    }

    pub(super) fn workflow_id(&self) -> Option<String> {
        value(&self.workflow_id)
    }

    pub(super) fn autonomy(&self) -> Option<String> {
        value(&self.autonomy)
    }

    pub(super) fn title(&self) -> Option<String> {
        value(&self.title)
    }

    pub(super) const fn contradictions(&self) -> u32 {
        self.contradictions
    }

    /// About how many bytes it takes in memory beside itself.
    pub(super) fn weight(&self) -> usize {
        let texts = [&self.work_id, &self.workflow_id, &self.autonomy, &self.title];
        let texts = texts.into_iter().flatten().map(|seen| seen.value.len());
        let standing = self.standing.as_ref().map(|seen| &seen.value);
        let words = standing.into_iter().flat_map(|s| [&s.status, &s.phase]).flatten();
        texts.chain(words.map(String::len)).sum()
    }
}

impl Standing {
    /// A state that says that the run is over was last written when it ended, unless it says when.
    fn of(state: &State) -> Self {
        let at = |moment: &Option<Moment>| moment.as_ref()?.at;
        let is_over = state.status.as_deref().is_some_and(|s| Ending::of(s) != Ending::Other);
        let ended_at = at(&state.completed_at).or(at(&state.updated_at));
        Self {
            status: state.status.clone(),
            phase: state.phase.clone(),
            started_at: at(&state.started_at),
            ended_at: ended_at.filter(|_| is_over),
        }
    }
}

fn value(held: &Option<Seen<String>>) -> Option<String> {
    held.as_ref().map(|seen| seen.value.clone())
}

fn younger<T>(held: &mut Option<Seen<T>>, told: Seen<T>) {
    let rank = |seen: &Seen<T>| (seen.is_state, seen.seen_at, seen.sequence);
    if held.as_ref().is_none_or(|held| rank(&told) > rank(held)) {
        *held = Some(told);
    }
}
