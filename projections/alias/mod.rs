//! The view `alias`: which aggregate a second name leads to. Which aggregates proved to be one is
//! not here but a fact of theirs.

use helmstream_schemas::{Context, Record, alias::AliasEvent, alias::Claimed};

use crate::{
    columns::{id_back, seq, seq_back, text, token_of},
    error::ProjectionError,
    keyed::{self, KeptRows, Keyed},
    projection::{Fit, Projection, Reads, Unfit, told},
    session::Session,
};

/// The projection of second names.
pub struct Alias;

/// To whom a name was given, and by which event; nothing before it was claimed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AliasRow {
    pub claimed: Option<(u64, Claimed)>,
}

impl Projection for Alias {
    const NAME: &'static str = "alias";
    const VERSION: u32 = 1;
    const READS: Reads = Reads::Subjects(&["evt.alias.*"]);
    const WAITS_FOR_DISK: bool = false;
    const BUILDS_ON_EARLIER: bool = true;
    const KEY: Option<&'static str> = Some("name");
    type Event = Option<AliasEvent>;
    type Kept = KeptRows<AliasRow>;

    fn read(record: &Record) -> Result<Self::Event, Unfit> {
        told::<AliasEvent>(record, Context::Alias).map(|(_, event)| event)
    }

    async fn write(
        session: &mut Session,
        kept: &mut Self::Kept,
        batch: Vec<Fit<'_, Self::Event>>,
    ) -> Result<(), ProjectionError> {
        keyed::write::<Self>(session, kept, batch).await
    }
}

impl Keyed for Alias {
    type Row = AliasRow;

    /// The first claim of a name stands.
    fn fold(row: &mut AliasRow, record: &Record, event: Option<AliasEvent>) -> bool {
        match (event, &row.claimed) {
            (Some(AliasEvent::Claimed(claimed)), None) => {
                row.claimed = Some((record.sequence, claimed));
                true
            }
            _ => false,
        }
    }

    fn weight(row: &AliasRow) -> usize {
        let names =
            row.claimed.as_ref().map_or(0, |(_, to)| to.context.len() + to.id.as_str().len());
        size_of::<AliasRow>() + names
    }

    async fn fetch(
        session: &mut Session,
        subjects: &[&str],
    ) -> Result<Vec<(String, AliasRow)>, ProjectionError> {
        let names: Vec<&str> = subjects.iter().map(|subject| token_of(subject)).collect();
        let rows = session.query(include_str!("fetch.sql"), &[&names]).await?;
        rows.iter()
            .map(|row| {
                let name: &str = row.get("name");
                let claimed =
                    Claimed { context: row.get("context"), id: id_back("alias", row.get("id"))? };
                let claimed = Some((seq_back(row.get("last_seq")), claimed));
                Ok((format!("evt.alias.{name}"), AliasRow { claimed }))
            })
            .collect()
    }

    async fn store(
        session: &mut Session,
        rows: &[(&str, &AliasRow)],
    ) -> Result<(), ProjectionError> {
        let (mut names, mut contexts, mut ids, mut sequences) = (vec![], vec![], vec![], vec![]);
        for (subject, row) in rows {
            let Some((sequence, claimed)) = &row.claimed else { continue };
            names.push(token_of(subject));
            contexts.push(text(&claimed.context));
            ids.push(claimed.id.token());
            sequences.push(seq(*sequence));
        }
        session
            .execute(include_str!("store.sql"), &[&names, &contexts, &ids, &sequences])
            .await
            .map(drop)
    }
}
