//! The view `run`: one row a run, with what a list shows in columns of their own and every event
//! as an entry. Phases, steps and gates are not stored: `view` derives them from the entries.

pub mod entry;
pub mod fold;
#[cfg(test)]
pub(crate) mod samples;
pub mod summary;
pub mod view;

use helmstream_schemas::{Context, Record, run::RunEvent};

use crate::{
    columns::{at, seq, text, token_of},
    error::ProjectionError,
    keyed::{self, KeptRows, Keyed},
    projection::{Fit, Projection, Reads, Unfit, told},
    session::Session,
};

pub use entry::{Entry, What};
pub use fold::{RunRow, Told};
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
    type Event = Option<Told>;
    type Kept = KeptRows<RunRow>;

    fn read(record: &Record) -> Result<Self::Event, Unfit> {
        let id = record.attributes.uuid()?;
        let (_, event) = told::<RunEvent>(record, Context::Run)?;
        Ok(event.map(|event| Told { id, event }))
    }

    async fn write(
        session: &mut Session,
        kept: &mut Self::Kept,
        batch: Vec<Fit<'_, Self::Event>>,
    ) -> Result<(), ProjectionError> {
        keyed::write::<Self>(session, kept, batch).await
    }
}

impl Keyed for Run {
    type Row = RunRow;

    fn fold(row: &mut RunRow, record: &Record, told: Option<Told>) -> bool {
        fold::fold(row, record, told)
    }

    fn weight(row: &RunRow) -> usize {
        row.entries.iter().map(Entry::weight).sum()
    }

    async fn fetch(
        session: &mut Session,
        subjects: &[&str],
    ) -> Result<Vec<(String, RunRow)>, ProjectionError> {
        let ids: Vec<&str> = subjects.iter().map(|subject| token_of(subject)).collect();
        let rows = session.query(include_str!("fetch.sql"), &[&ids]).await?;
        rows.iter()
            .map(|row| {
                let id: &str = row.get("id");
                Ok((format!("evt.run.{id}"), RunRow { entries: entries_back(row.get("entries"))? }))
            })
            .collect()
    }

    async fn store(
        session: &mut Session,
        rows: &[(&str, &RunRow)],
    ) -> Result<(), ProjectionError> {
        let runs: Vec<Columns> = rows.iter().map(|(subject, row)| Columns::of(subject, row)).collect();
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
                    &all(&runs, |run| run.summary.merged_into.as_ref().map(|into| into.token())),
                    &all(&runs, |run| seq(run.summary.first_seq)),
                    &all(&runs, |run| seq(run.summary.last_seq)),
                    &all(&runs, |run| &run.entries),
                ],
            )
            .await
            .map(drop)
    }
}

struct Columns<'a> {
    id: &'a str,
    summary: RunSummary,
    entries: String,
}

impl<'a> Columns<'a> {
    fn of(subject: &'a str, row: &RunRow) -> Self {
        Self {
            id: token_of(subject),
            summary: RunSummary::of(&row.entries),
            entries: serde_json::to_string(&row.entries).expect("an entry has only texts for keys"),
        }
    }
}

/// The entries of a row as they stand in its column.
pub(crate) fn entries_back(column: &str) -> Result<Vec<Entry>, ProjectionError> {
    serde_json::from_str(column)
        .map_err(|error| ProjectionError::Row { table: "run", detail: error.to_string() })
}
