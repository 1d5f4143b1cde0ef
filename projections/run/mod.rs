//! The view `run`: one row a run with what a list shows. Phases, steps and gates are not stored:
//! `view` derives them from the run's events, as the ledger holds them, when it is shown.

pub mod entry;
pub mod files;
pub mod fold;
pub mod gates;
#[cfg(test)]
pub(crate) mod samples;
pub mod state;
pub mod summary;
mod told;
pub mod view;

use helmstream_schemas::{Context, Record, run::RunEvent};

use crate::{
    columns::{at, json_back, seq, text, token_of},
    error::ProjectionError,
    keyed::{self, KeptRows, Keyed},
    projection::{Fit, Projection, Reads, Unfit, told},
    session::Session,
};

pub use entry::{Entry, What};
pub use state::RunState;
pub use summary::{RunStatus, RunSummary};
pub use view::RunView;

/// The projection of runs.
pub struct Run;

impl Projection for Run {
    const NAME: &'static str = "run";
    const VERSION: u32 = 1;
    const READS: Reads = Reads::Subjects(&["evt.run.*"]);
    const WAITS_FOR_DISK: bool = false;
    const BUILDS_ON_EARLIER: bool = true;
    const KEY: Option<&'static str> = Some("id");
    /// `None` is the refusal of a command.
    type Event = Option<Entry>;
    type Kept = KeptRows<RunState>;

    fn read(record: &Record) -> Result<Option<Entry>, Unfit> {
        let id = record.attributes.uuid()?;
        let (_, event) = told::<RunEvent>(record, Context::Run)?;
        Ok(event.map(|event| Entry::of(record, id, event)))
    }

    async fn write(
        session: &mut Session,
        kept: &mut Self::Kept,
        batch: Vec<Fit<'_, Option<Entry>>>,
    ) -> Result<(), ProjectionError> {
        keyed::write::<Self>(session, kept, batch).await
    }
}

impl Keyed for Run {
    type Row = RunState;

    fn fold(state: &mut RunState, record: &Record, entry: Option<Entry>) -> bool {
        fold::fold(state, record, entry)
    }

    fn weight(state: &RunState) -> usize {
        state.weight()
    }

    async fn fetch(
        session: &mut Session,
        subjects: &[&str],
    ) -> Result<Vec<(String, RunState)>, ProjectionError> {
        let ids: Vec<&str> = subjects.iter().map(|subject| token_of(subject)).collect();
        let rows = session.query(include_str!("fetch.sql"), &[&ids]).await?;
        rows.iter()
            .map(|row| {
                let state = json_back("run", row.get("state"))?;
                Ok((format!("evt.run.{}", row.get::<_, &str>("id")), state))
            })
            .collect()
    }

    async fn store(
        session: &mut Session,
        rows: &[(&str, &RunState)],
    ) -> Result<(), ProjectionError> {
        let runs: Vec<Columns> =
            rows.iter().map(|(subject, state)| Columns::of(subject, state)).collect();
        fn all<'a, T>(runs: &'a [Columns], column: impl Fn(&'a Columns) -> T) -> Vec<T> {
            runs.iter().map(column).collect()
        }
        session
            .execute(
                include_str!("store.sql"),
                &[
                    &all(&runs, |run| &run.id),
                    &all(&runs, |run| run.summary.status.word()),
                    &all(&runs, |run| run.summary.phase.as_deref().map(text)),
                    &all(&runs, |run| run.summary.work_id.as_deref().map(text)),
                    &all(&runs, |run| run.summary.workflow_id.as_deref().map(text)),
                    &all(&runs, |run| run.summary.autonomy.as_deref().map(text)),
                    &all(&runs, |run| run.summary.title.as_deref().map(text)),
                    &all(&runs, |run| at(run.summary.started_at)),
                    &all(&runs, |run| at(run.summary.heard_at)),
                    &all(&runs, |run| at(run.summary.ended_at)),
                    &all(&runs, |run| run.summary.claims as i32),
                    &all(&runs, |run| run.summary.bypasses_open as i32),
                    &all(&runs, |run| run.summary.disputes as i32),
                    &all(&runs, |run| run.summary.contradictions as i32),
                    &all(&runs, |run| run.summary.merged_into.as_ref().map(|into| into.token())),
                    &all(&runs, |run| seq(run.summary.first_seq)),
                    &all(&runs, |run| seq(run.summary.last_seq)),
                    &all(&runs, |run| &run.state),
                ],
            )
            .await
            .map(drop)
    }
}

struct Columns<'a> {
    id: &'a str,
    summary: RunSummary,
    state: String,
}

impl<'a> Columns<'a> {
    fn of(subject: &'a str, state: &RunState) -> Self {
        let json = serde_json::to_string(state).expect("a state has only texts for keys");
        Self { id: token_of(subject), summary: state.summary(), state: json }
    }
}
