//! The view `ledger`: every record of EVENTS, COMMANDS and JOURNAL as it is stored, payload as
//! bytes and with its hash: what search, causes and outcomes are read from, and a second medium.
//! It interprets nothing but the journal's entries, whose positions in INBOX it needs.

pub mod fold;

use helmstream_schemas::Record;

use crate::{
    columns::{at, seq, text},
    copy::CopyRow,
    error::ProjectionError,
    projection::{Fit, Projection, Reads, Unfit},
    session::Session,
};

pub use fold::LedgerRow;

/// The projection of everything that was said. One position a stream.
pub struct Ledger;

impl Ledger {
    /// The streams it holds.
    pub const STREAMS: [&str; 3] = ["EVENTS", "COMMANDS", "JOURNAL"];
}

impl Projection for Ledger {
    const NAME: &'static str = "ledger";
    const VERSION: u32 = 1;
    const READS: Reads = Reads::Whole;
    /// Others count on what it says: the door tells repeats by it.
    const WAITS_FOR_DISK: bool = true;
    /// One entry that cannot be read must not hide every later one of the door's.
    const BUILDS_ON_EARLIER: bool = false;
    const KEY: Option<&'static str> = None;
    /// The row as it is sent: made where records are read, so that the connection never waits for it.
    type Event = CopyRow;
    type Kept = ();

    fn read(record: &Record) -> Result<CopyRow, Unfit> {
        LedgerRow::of(record).map(|row| columns(record, &row))
    }

    async fn write(
        session: &mut Session,
        _: &mut (),
        batch: Vec<Fit<'_, CopyRow>>,
    ) -> Result<(), ProjectionError> {
        let rows = batch.iter().map(|fit| &fit.event);
        let appended = session.copy(include_str!("copy.sql"), rows).await?;
        debug_assert_eq!(appended, batch.len() as u64);
        Ok(())
    }
}

/// Columns that `copy.sql` names.
const COLUMNS: i16 = 21;

/// What the columns hold beside subject, aggregate, attributes and payload, about.
const OTHER_BYTES: usize = 384;

/// The columns that `copy.sql` names, in its order.
fn columns(record: &Record, row: &LedgerRow) -> CopyRow {
    let long = 2 * record.subject.len() + row.attributes.len() + record.payload.len();
    let mut columns = CopyRow::new(COLUMNS, long + OTHER_BYTES);
    columns.put(Some(record.stream.as_bytes()));
    columns.put_number(Some(seq(record.sequence)));
    columns.put(Some(record.subject.as_bytes()));
    columns.put(row.context.map(str::as_bytes));
    put_text(&mut columns, row.aggregate.as_ref().map(|id| id.as_str()));
    put_text(&mut columns, Some(&row.kind));
    columns.put(Some(row.id.as_bytes()));
    columns.put(row.causation_id.as_ref().map(|id| &id.as_bytes()[..]));
    put_text(&mut columns, row.correlation_id.as_deref());
    put_text(&mut columns, row.actor.as_deref());
    put_text(&mut columns, row.publisher.as_deref());
    columns.put_number(row.inbox.map(|(first, _)| seq(first)));
    columns.put_number(row.inbox.map(|(_, last)| seq(last)));
    columns.put(row.door_key.as_ref().map(|key| &key.0[..]));
    columns.put(row.content_hash.as_ref().map(|hash| &hash.0[..]));
    columns.put_number(at(row.claimed_at));
    columns.put_number(at(row.received_at));
    columns.put_number(Some(record.recorded_at.nanos()));
    columns.put(Some(row.attributes.as_bytes()));
    columns.put(Some(&record.payload));
    columns.put(Some(&row.hash.0));
    columns
}

fn put_text(columns: &mut CopyRow, value: Option<&str>) {
    columns.put(value.map(text).as_deref().map(str::as_bytes));
}
