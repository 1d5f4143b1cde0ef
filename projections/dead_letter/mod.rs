//! The view `dead_letter`: one row a dead letter that somebody decided about. Those nobody decided
//! about have none; that they are dead letters is told by the ledger.

pub mod fold;

use helmstream_schemas::{Context, Id, Record, dead_letter::DeadLetterEvent};
use uuid::Uuid;

use crate::{
    columns::{at, json_back, seq, token_of},
    error::ProjectionError,
    keyed::{self, KeptRows, Keyed},
    projection::{Fit, Projection, Reads, Unfit, told},
    session::Session,
};

pub use fold::{Attempt, DeadLetterView, Decided, Standing};

/// The projection of what was decided about dead letters.
pub struct DeadLetter;

impl Projection for DeadLetter {
    const NAME: &'static str = "dead_letter";
    const VERSION: u32 = 1;
    const READS: Reads = Reads::Subjects(&["evt.dead_letter.*"]);
    const WAITS_FOR_DISK: bool = false;
    const BUILDS_ON_EARLIER: bool = true;
    const KEY: Option<&'static str> = Some("id");
    /// `None` is the refusal of a command.
    type Event = Option<DeadLetterEvent>;
    type Kept = KeptRows<DeadLetterView>;

    fn read(record: &Record) -> Result<Self::Event, Unfit> {
        record.attributes.uuid()?;
        Ok(told::<DeadLetterEvent>(record, Context::DeadLetter)?.1)
    }

    async fn write(
        session: &mut Session,
        kept: &mut Self::Kept,
        batch: Vec<Fit<'_, Self::Event>>,
    ) -> Result<(), ProjectionError> {
        keyed::write::<Self>(session, kept, batch).await
    }
}

impl Keyed for DeadLetter {
    type Row = DeadLetterView;

    fn fold(view: &mut DeadLetterView, record: &Record, event: Self::Event) -> bool {
        let id: Uuid = record.attributes.uuid().unwrap_or_default();
        event.is_some_and(|event| view.fold(record.sequence, id, event))
    }

    fn weight(view: &DeadLetterView) -> usize {
        size_of::<DeadLetterView>() + view.retries.len() * 256
    }

    async fn fetch(
        session: &mut Session,
        subjects: &[&str],
    ) -> Result<Vec<(String, DeadLetterView)>, ProjectionError> {
        let ids: Vec<&str> = subjects.iter().map(|subject| token_of(subject)).collect();
        let rows = session.query(include_str!("fetch.sql"), &[&ids]).await?;
        rows.iter()
            .map(|row| {
                let subject = format!("evt.dead_letter.{}", row.get::<_, &str>("id"));
                Ok((subject, json_back("dead_letter", row.get("view"))?))
            })
            .collect()
    }

    async fn store(
        session: &mut Session,
        rows: &[(&str, &DeadLetterView)],
    ) -> Result<(), ProjectionError> {
        fn all<T>(
            rows: &[(&str, &DeadLetterView)],
            column: impl Fn(&DeadLetterView) -> T,
        ) -> Vec<T> {
            rows.iter().map(|(_, view)| column(view)).collect()
        }
        let ids: Vec<&str> = rows.iter().map(|(subject, _)| token_of(subject)).collect();
        let inbox: Vec<Option<i64>> = ids.iter().map(|token| inbox_seq(token)).collect();
        session
            .execute(
                include_str!("store.sql"),
                &[
                    &ids,
                    &inbox,
                    &all(rows, |view| view.standing().word()),
                    &all(rows, |view| i32::try_from(view.retries.len()).unwrap_or(i32::MAX)),
                    &all(rows, |view| at(view.decided_at())),
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

/// The position in INBOX that an id is.
fn inbox_seq(token: &str) -> Option<i64> {
    Id::from_token(token).ok()?.as_str().parse().ok()
}
