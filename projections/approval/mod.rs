//! The view `approval`: one row an approval, with every round in which it was asked for and what
//! came of it.

pub mod fold;

use helmstream_schemas::{Context, Record, approval::ApprovalEvent};

use crate::{
    columns::{at, json_back, seq, token_of},
    error::ProjectionError,
    keyed::{self, KeptRows, Keyed},
    projection::{Fit, Projection, Reads, Unfit, told},
    session::Session,
};

pub use fold::{ApprovalView, Round, Standing};

/// The projection of approvals.
pub struct Approval;

impl Projection for Approval {
    const NAME: &'static str = "approval";
    const VERSION: u32 = 1;
    const READS: Reads = Reads::Subjects(&["evt.approval.*"]);
    const WAITS_FOR_DISK: bool = false;
    const BUILDS_ON_EARLIER: bool = true;
    const KEY: Option<&'static str> = Some("id");
    /// `None` is the refusal of a command.
    type Event = Option<ApprovalEvent>;
    type Kept = KeptRows<ApprovalView>;

    fn read(record: &Record) -> Result<Self::Event, Unfit> {
        Ok(told::<ApprovalEvent>(record, Context::Approval)?.1)
    }

    async fn write(
        session: &mut Session,
        kept: &mut Self::Kept,
        batch: Vec<Fit<'_, Self::Event>>,
    ) -> Result<(), ProjectionError> {
        keyed::write::<Self>(session, kept, batch).await
    }
}

impl Keyed for Approval {
    type Row = ApprovalView;

    fn fold(view: &mut ApprovalView, record: &Record, event: Self::Event) -> bool {
        event.is_some_and(|event| view.fold(record.sequence, event))
    }

    fn weight(view: &ApprovalView) -> usize {
        size_of::<ApprovalView>() + view.rounds.len() * 1_024
    }

    async fn fetch(
        session: &mut Session,
        subjects: &[&str],
    ) -> Result<Vec<(String, ApprovalView)>, ProjectionError> {
        let ids: Vec<&str> = subjects.iter().map(|subject| token_of(subject)).collect();
        let rows = session.query(include_str!("fetch.sql"), &[&ids]).await?;
        rows.iter()
            .map(|row| {
                let subject = format!("evt.approval.{}", row.get::<_, &str>("id"));
                Ok((subject, json_back("approval", row.get("view"))?))
            })
            .collect()
    }

    async fn store(
        session: &mut Session,
        rows: &[(&str, &ApprovalView)],
    ) -> Result<(), ProjectionError> {
        fn all<T>(rows: &[(&str, &ApprovalView)], column: impl Fn(&ApprovalView) -> T) -> Vec<T> {
            rows.iter().map(|(_, view)| column(view)).collect()
        }
        let ids: Vec<&str> = rows.iter().map(|(subject, _)| token_of(subject)).collect();
        let last = |view: &ApprovalView| view.rounds.last().cloned();
        session
            .execute(
                include_str!("store.sql"),
                &[
                    &ids,
                    &all(rows, |view| view.standing().word()),
                    &all(rows, |view| last(view).map(|round| round.gate.run.token())),
                    &all(rows, |view| at(last(view).map(|round| round.asked.at))),
                    &all(rows, |view| at(last(view).map(|round| round.expires_at))),
                    &all(rows, |view| seq(view.asked_seq)),
                    &all(rows, |view| seq(view.last_seq)),
                    &all(rows, |view| {
                        serde_json::to_string(view).expect("a view has only texts for keys")
                    }),
                ],
            )
            .await
            .map(drop)
    }
}
