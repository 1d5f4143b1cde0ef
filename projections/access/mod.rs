//! The view `access`: one row a holder, with every token it had. Who is let in is not asked here but
//! of the fold in memory that a door has (`helmstream_core::access::Standing`).

pub mod fold;

use helmstream_schemas::{Context, Record, access::AccessEvent};

use crate::{
    columns::{json_back, seq, text, token_of},
    error::ProjectionError,
    keyed::{self, KeptRows, Keyed},
    projection::{Fit, Projection, Reads, Unfit, told},
    session::Session,
};

pub use fold::{AccessView, Revocation, Standing, TokenView};

/// The projection of who may come in.
pub struct Access;

impl Projection for Access {
    const NAME: &'static str = "access";
    const VERSION: u32 = 1;
    const READS: Reads = Reads::Subjects(&["evt.access.*"]);
    const WAITS_FOR_DISK: bool = false;
    const BUILDS_ON_EARLIER: bool = true;
    const KEY: Option<&'static str> = Some("id");
    /// `None` is the refusal of a command.
    type Event = Option<AccessEvent>;
    type Kept = KeptRows<AccessView>;

    fn read(record: &Record) -> Result<Self::Event, Unfit> {
        Ok(told::<AccessEvent>(record, Context::Access)?.1)
    }

    async fn write(
        session: &mut Session,
        kept: &mut Self::Kept,
        batch: Vec<Fit<'_, Self::Event>>,
    ) -> Result<(), ProjectionError> {
        keyed::write::<Self>(session, kept, batch).await
    }
}

impl Keyed for Access {
    type Row = AccessView;

    fn fold(view: &mut AccessView, record: &Record, event: Self::Event) -> bool {
        event.is_some_and(|event| view.fold(record.sequence, event))
    }

    fn weight(view: &AccessView) -> usize {
        size_of::<AccessView>() + view.tokens.len() * 512
    }

    async fn fetch(
        session: &mut Session,
        subjects: &[&str],
    ) -> Result<Vec<(String, AccessView)>, ProjectionError> {
        let ids: Vec<&str> = subjects.iter().map(|subject| token_of(subject)).collect();
        let rows = session.query(include_str!("fetch.sql"), &[&ids]).await?;
        rows.iter()
            .map(|row| {
                let subject = format!("evt.access.{}", row.get::<_, &str>("id"));
                Ok((subject, json_back("access", row.get("view"))?))
            })
            .collect()
    }

    async fn store(
        session: &mut Session,
        rows: &[(&str, &AccessView)],
    ) -> Result<(), ProjectionError> {
        fn all<T>(rows: &[(&str, &AccessView)], column: impl Fn(&AccessView) -> T) -> Vec<T> {
            rows.iter().map(|(_, view)| column(view)).collect()
        }
        let ids: Vec<&str> = rows.iter().map(|(subject, _)| token_of(subject)).collect();
        let actors = all(rows, |view| {
            let last = view.tokens.last();
            text(last.map_or("", |token| token.actor.id.as_str())).into_owned()
        });
        let tokens = all(rows, |view| {
            let ids: Vec<&str> = view.tokens.iter().map(|token| token.id.as_str()).collect();
            text(&ids.join(" ")).into_owned()
        });
        session
            .execute(
                include_str!("store.sql"),
                &[
                    &ids,
                    &actors,
                    &tokens,
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
