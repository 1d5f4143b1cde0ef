//! The view `deadline`: one row for every (context, aggregate, purpose) that has or had a
//! deadline, so that a sweeper can compare what should be armed with what is scheduled. It arms
//! nothing and fires nothing.

pub mod fold;

use helmstream_schemas::{Context, Record, Timestamp, run::RunEvent};

use crate::{
    columns::{at, at_back, seq, seq_back, token_of},
    error::ProjectionError,
    keyed::{self, KeptRows, Keyed},
    projection::{Fit, Projection, Reads, Unfit, told},
    session::Session,
};

pub use fold::{DeadlineRow, DeadlineState, Moves};

/// The one deadline a run has.
pub const STALLED: &str = "stalled";

/// The projection of deadlines.
pub struct Deadline;

impl Projection for Deadline {
    const NAME: &'static str = "deadline";
    const VERSION: u32 = 1;
    /// A context with deadlines enters here.
    const READS: Reads = Reads::Subjects(&["evt.run.*"]);
    const WAITS_FOR_DISK: bool = false;
    const BUILDS_ON_EARLIER: bool = true;
    type Event = Moves;
    type Kept = KeptRows<DeadlineRow>;

    fn read(record: &Record) -> Result<Moves, Unfit> {
        let (_, event) = told::<RunEvent>(record, Context::Run)?;
        Ok(event.map(|event| Moves::of_run(&event)).unwrap_or_default())
    }

    async fn write(
        session: &mut Session,
        kept: &mut Self::Kept,
        batch: Vec<Fit<'_, Moves>>,
    ) -> Result<(), ProjectionError> {
        keyed::write::<Self>(session, kept, batch).await
    }
}

impl Keyed for Deadline {
    type Row = DeadlineRow;

    fn fold(row: &mut DeadlineRow, record: &Record, moves: Moves) -> bool {
        fold::fold(row, record.sequence, moves)
    }

    fn weight(_: &DeadlineRow) -> usize {
        size_of::<DeadlineRow>()
    }

    async fn fetch(
        session: &mut Session,
        subjects: &[&str],
    ) -> Result<Vec<(String, DeadlineRow)>, ProjectionError> {
        let ids: Vec<&str> = subjects.iter().map(|subject| token_of(subject)).collect();
        let purposes = [STALLED];
        let rows = session
            .query(include_str!("fetch.sql"), &[&Context::Run.name(), &ids, &&purposes[..]])
            .await?;
        rows.iter()
            .map(|row| Ok((format!("evt.run.{}", row.get::<_, &str>("id")), row_back(row))))
            .collect()
    }

    async fn store(
        session: &mut Session,
        rows: &[(&str, &DeadlineRow)],
    ) -> Result<(), ProjectionError> {
        fn all<T>(rows: &[(&str, &DeadlineRow)], column: impl Fn(&DeadlineRow) -> T) -> Vec<T> {
            rows.iter().map(|(_, row)| column(row)).collect()
        }
        let ids: Vec<&str> = rows.iter().map(|(subject, _)| token_of(subject)).collect();
        session
            .execute(
                include_str!("store.sql"),
                &[
                    &Context::Run.name(),
                    &STALLED,
                    &ids,
                    &all(rows, |row| row.state().word()),
                    &all(rows, |row| at(row.due_at)),
                    &all(rows, |row| seq(row.armed_seq)),
                    &all(rows, |row| row.life.map(|(number, _)| seq(number))),
                    &all(rows, |row| row.life.map(|(_, ended)| ended)),
                    &all(rows, |row| at(row.fired_at)),
                    &all(rows, |row| row.is_merged),
                    &all(rows, |row| seq(row.last_seq)),
                ],
            )
            .await
            .map(drop)
    }
}

fn row_back(row: &tokio_postgres::Row) -> DeadlineRow {
    let number: Option<i64> = row.get("life_number");
    let ended: Option<bool> = row.get("life_ended");
    let instant = |name: &str| -> Option<Timestamp> { at_back(row.get(name)) };
    DeadlineRow {
        due_at: instant("due_at"),
        armed_seq: seq_back(row.get("armed_seq")),
        life: number.map(seq_back).zip(ended),
        fired_at: instant("fired_at"),
        is_merged: row.get("is_merged"),
        last_seq: seq_back(row.get("last_seq")),
    }
}
