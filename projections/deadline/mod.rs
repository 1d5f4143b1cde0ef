//! The view `deadline`: one row for every (context, aggregate, purpose) that has or had a
//! deadline, so that a sweeper can compare what should be armed with what is scheduled. It arms
//! nothing and fires nothing.

pub mod fold;

use std::collections::BTreeMap;

use helmstream_schemas::{
    Context, Record, Subject, Timestamp, approval::ApprovalEvent, run::RunEvent,
};

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

/// What an event says of its aggregate's deadlines, by their purposes.
pub type AllMoves = Vec<(&'static str, Moves)>;

impl Projection for Deadline {
    const NAME: &'static str = "deadline";
    const VERSION: u32 = 1;
    /// A context with deadlines enters here, and below.
    const READS: Reads = Reads::Subjects(&["evt.approval.*", "evt.run.*"]);
    const WAITS_FOR_DISK: bool = false;
    const BUILDS_ON_EARLIER: bool = true;
    const KEY: Option<&'static str> = Some("context, id, purpose");
    type Event = AllMoves;
    type Kept = KeptRows<<Self as Keyed>::Row>;

    fn read(record: &Record) -> Result<AllMoves, Unfit> {
        match record.subject.parse() {
            Ok(Subject::Event { context: Context::Run, .. }) => {
                let (_, event) = told::<RunEvent>(record, Context::Run)?;
                Ok(event.map(|event| vec![(STALLED, Moves::of_run(&event))]).unwrap_or_default())
            }
            _ => {
                let (_, event) = told::<ApprovalEvent>(record, Context::Approval)?;
                Ok(event.as_ref().map(Moves::of_approval).unwrap_or_default())
            }
        }
    }

    async fn write(
        session: &mut Session,
        kept: &mut Self::Kept,
        batch: Vec<Fit<'_, AllMoves>>,
    ) -> Result<(), ProjectionError> {
        keyed::write::<Self>(session, kept, batch).await
    }
}

impl Keyed for Deadline {
    /// The deadlines of an aggregate, by their purposes.
    type Row = BTreeMap<String, DeadlineRow>;

    fn fold(rows: &mut Self::Row, record: &Record, moves: AllMoves) -> bool {
        let mut changed = false;
        for (purpose, moves) in moves {
            let row = rows.entry(purpose.to_owned()).or_default();
            changed |= fold::fold(row, record.sequence, moves);
        }
        changed
    }

    fn weight(rows: &Self::Row) -> usize {
        rows.len() * (size_of::<DeadlineRow>() + size_of::<String>() + 16)
    }

    async fn fetch(
        session: &mut Session,
        subjects: &[&str],
    ) -> Result<Vec<(String, Self::Row)>, ProjectionError> {
        let ids: Vec<&str> = subjects.iter().map(|subject| token_of(subject)).collect();
        let contexts: Vec<&str> = subjects.iter().map(|subject| context_of(subject)).collect();
        let rows = session.query(include_str!("fetch.sql"), &[&contexts, &ids]).await?;
        let mut found: BTreeMap<String, Self::Row> = BTreeMap::new();
        for row in &rows {
            let (context, id): (&str, &str) = (row.get("context"), row.get("id"));
            let of_subject = found.entry(format!("evt.{context}.{id}")).or_default();
            of_subject.insert(row.get("purpose"), row_back(row));
        }
        Ok(found.into_iter().collect())
    }

    async fn store(
        session: &mut Session,
        rows: &[(&str, &Self::Row)],
    ) -> Result<(), ProjectionError> {
        let each: Vec<(&str, &str, &DeadlineRow)> = rows
            .iter()
            .flat_map(|(subject, rows)| {
                rows.iter().map(move |(purpose, row)| (*subject, &**purpose, row))
            })
            .collect();
        fn all<T>(
            each: &[(&str, &str, &DeadlineRow)],
            column: impl Fn(&DeadlineRow) -> T,
        ) -> Vec<T> {
            each.iter().map(|(_, _, row)| column(row)).collect()
        }
        let contexts: Vec<&str> = each.iter().map(|(subject, ..)| context_of(subject)).collect();
        let ids: Vec<&str> = each.iter().map(|(subject, ..)| token_of(subject)).collect();
        let purposes: Vec<&str> = each.iter().map(|(_, purpose, _)| *purpose).collect();
        session
            .execute(
                include_str!("store.sql"),
                &[
                    &contexts,
                    &ids,
                    &purposes,
                    &all(&each, |row| row.state().word()),
                    &all(&each, |row| at(row.due_at)),
                    &all(&each, |row| seq(row.armed_seq)),
                    &all(&each, |row| row.life.map(|(number, _)| seq(number))),
                    &all(&each, |row| row.life.map(|(_, ended)| ended)),
                    &all(&each, |row| at(row.fired_at)),
                    &all(&each, |row| row.is_merged),
                    &all(&each, |row| seq(row.last_seq)),
                ],
            )
            .await
            .map(drop)
    }
}

/// The context of a subject on EVENTS.
fn context_of(subject: &str) -> &str {
    subject.split('.').nth(1).unwrap_or_default()
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
