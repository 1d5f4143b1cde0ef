//! What a list shows of a run, derived from its entries. Where claims compete the one with the
//! highest number counts, and of two with the same number the one that the log holds first.

use helmstream_schemas::{
    Id, Timestamp,
    run::{Autonomy, Ending, Phase},
};
use serde::{Deserialize, Serialize};

use super::{
    entry::{Entry, What},
    view::gates,
};

/// A run in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSummary {
    pub status: RunStatus,
    /// The phase of the last claim that names one.
    pub phase: Option<String>,
    pub work_id: Option<String>,
    pub workflow_id: Option<String>,
    pub autonomy: Option<String>,
    pub title: Option<String>,
    /// When the run says that it first started.
    pub started_at: Option<Timestamp>,
    /// When the door last received something of it.
    pub heard_at: Option<Timestamp>,
    /// When the run says that it ended, if it is over.
    pub ended_at: Option<Timestamp>,
    /// Claims that stand.
    pub claims: u32,
    /// Gates that were passed without a grant and have none yet.
    pub bypasses_open: u32,
    pub disputes: u32,
    /// The older run that this one proved to be.
    pub merged_into: Option<Id>,
    /// Position of its first event; lists are in this order.
    pub first_seq: u64,
    pub last_seq: u64,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    Running,
    /// Nothing was heard of it for a while.
    Stalled,
    Completed,
    /// It completed, with warnings.
    Warning,
    Failed,
    Skipped,
    Cancelled,
    /// It ended in a way that has no word here.
    Ended,
    /// It proved to be another run.
    Merged,
}

impl RunStatus {
    pub const ALL: [RunStatus; 9] = [
        Self::Running,
        Self::Stalled,
        Self::Completed,
        Self::Warning,
        Self::Failed,
        Self::Skipped,
        Self::Cancelled,
        Self::Ended,
        Self::Merged,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Stalled => "stalled",
            Self::Completed => "completed",
            Self::Warning => "warning",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
            Self::Ended => "ended",
            Self::Merged => "merged",
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }
}

impl RunSummary {
    pub fn of(entries: &[Entry]) -> Self {
        let life = life(entries);
        Self {
            status: status(entries, life),
            phase: highest(entries, phase_of).map(|(_, phase)| phase),
            work_id: started(entries, |started| started.work_id.clone()),
            workflow_id: started(entries, |started| started.workflow_id.clone()),
            autonomy: started(entries, |started| {
                let known = started.autonomy.filter(|autonomy| *autonomy != Autonomy::Other);
                known.map(|known| autonomy_word(known).to_owned()).or(started.autonomy_text.clone())
            }),
            title: started(entries, |started| started.title.clone()),
            started_at: entries
                .iter()
                .filter(|entry| matches!(entry.what, What::Started(_)))
                .filter_map(|entry| entry.standing())
                .min_by_key(|claim| claim.number)
                .and_then(|claim| claim.claimed_at),
            heard_at: entries.iter().filter_map(|e| e.claim.as_ref()).map(|c| c.received_at).max(),
            ended_at: life
                .filter(|life| matches!(life.what, What::Ended(_)))
                .and_then(|life| life.claim.as_ref()?.claimed_at),
            claims: count(entries, |entry| entry.standing().is_some()),
            bypasses_open: gates(entries)
                .iter()
                .flat_map(|gate| &gate.bypasses)
                .filter(|bypass| bypass.cleared_by.is_none())
                .count() as u32,
            disputes: count(entries, |entry| matches!(entry.what, What::ClaimDisputed(_))),
            merged_into: merged_into(entries),
            first_seq: entries.iter().map(|entry| entry.sequence).min().unwrap_or_default(),
            last_seq: entries.iter().map(|entry| entry.sequence).max().unwrap_or_default(),
        }
    }
}

/// The standing claim with the highest number that gives a value, and the value.
pub(super) fn highest<'a, T>(
    entries: &'a [Entry],
    value: impl Fn(&'a Entry) -> Option<T>,
) -> Option<(&'a Entry, T)> {
    let mut found: Option<(&Entry, T)> = None;
    let rank = |entry: &Entry| (entry.standing().map(|c| c.number), u64::MAX - entry.sequence);
    for entry in entries.iter().filter(|entry| entry.standing().is_some()) {
        if found.as_ref().is_none_or(|(best, _)| rank(entry) > rank(best))
            && let Some(value) = value(entry)
        {
            found = Some((entry, value));
        }
    }
    found
}

fn started(
    entries: &[Entry],
    field: impl Fn(&helmstream_schemas::run::Started) -> Option<String>,
) -> Option<String> {
    highest(entries, |entry| match &entry.what {
        What::Started(started) => field(started),
        _ => None,
    })
    .map(|(_, value)| value)
}

/// The last claim that began or ended the run.
fn life(entries: &[Entry]) -> Option<&Entry> {
    highest(entries, |entry| {
        matches!(entry.what, What::Started(_) | What::Resumed(_) | What::Ended(_)).then_some(())
    })
    .map(|(entry, ())| entry)
}

/// A merge is final; an end stands until a higher number begins the run again; a stall stands
/// until something is heard that lets the run be expected again.
fn status(entries: &[Entry], life: Option<&Entry>) -> RunStatus {
    if merged_into(entries).is_some() {
        return RunStatus::Merged;
    }
    if let Some(What::Ended(ended)) = life.map(|life| &life.what) {
        return match ended.ending {
            Ending::Completed => RunStatus::Completed,
            Ending::Warning => RunStatus::Warning,
            Ending::Failed => RunStatus::Failed,
            Ending::Skipped => RunStatus::Skipped,
            Ending::Cancelled => RunStatus::Cancelled,
            Ending::Other => RunStatus::Ended,
        };
    }
    let stalls_at = entries.iter().filter_map(|entry| entry.stalls_at).max();
    let stalled_at = entries
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Stalled(stalled) => Some(stalled.due_at),
            _ => None,
        })
        .max();
    if stalled_at.is_some() && stalled_at >= stalls_at { RunStatus::Stalled } else { RunStatus::Running }
}

fn merged_into(entries: &[Entry]) -> Option<Id> {
    entries.iter().find_map(|entry| match &entry.what {
        What::Merged(merged) => Some(merged.into.clone()),
        _ => None,
    })
}

fn phase_of(entry: &Entry) -> Option<String> {
    let place = entry.place()?;
    let canonical = place.phase.filter(|phase| *phase != Phase::Other).map(phase_word);
    canonical.map(str::to_owned).or_else(|| place.phase_text.clone())
}

/// The word of one of FABER's phases.
pub const fn phase_word(phase: Phase) -> &'static str {
    match phase {
        Phase::Frame => "frame",
        Phase::Architect => "architect",
        Phase::Build => "build",
        Phase::Evaluate => "evaluate",
        Phase::Release => "release",
        Phase::Other => "other",
    }
}

const fn autonomy_word(autonomy: Autonomy) -> &'static str {
    match autonomy {
        Autonomy::DryRun => "dry_run",
        Autonomy::Assist => "assist",
        Autonomy::Guarded => "guarded",
        Autonomy::Autonomous => "autonomous",
        Autonomy::Other => "other",
    }
}

fn count(entries: &[Entry], counts: impl Fn(&Entry) -> bool) -> u32 {
    entries.iter().filter(|entry| counts(entry)).count() as u32
}
