//! The view `ledger`: every record of EVENTS, COMMANDS and JOURNAL as it is stored, payload as
//! bytes and with its hash: what search, causes and outcomes are read from, and a second medium.
//! It interprets nothing but the journal's entries, whose positions in INBOX it needs.

pub mod fold;

use helmstream_schemas::Record;
use tokio_postgres::types::Type;

use crate::{
    columns::{at, seq, text},
    error::ProjectionError,
    projection::{Fit, Projection, Reads, Unfit},
    session::{Session, Value},
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
    type Event = LedgerRow;
    type Kept = ();

    fn read(record: &Record) -> Result<LedgerRow, Unfit> {
        LedgerRow::of(record)
    }

    async fn write(
        session: &mut Session,
        _: &mut (),
        batch: Vec<Fit<'_, LedgerRow>>,
    ) -> Result<(), ProjectionError> {
        let rows: Vec<Columns> = batch.iter().map(Columns::of).collect();
        let appended = session
            .copy(include_str!("copy.sql"), &TYPES, rows.iter().map(Columns::values))
            .await?;
        debug_assert_eq!(appended, rows.len() as u64);
        Ok(())
    }
}

/// The types of the columns that `copy.sql` names, in its order.
const TYPES: [Type; 21] = [
    Type::TEXT,
    Type::INT8,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::UUID,
    Type::UUID,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::INT8,
    Type::INT8,
    Type::BYTEA,
    Type::BYTEA,
    Type::INT8,
    Type::INT8,
    Type::INT8,
    Type::TEXT,
    Type::BYTEA,
    Type::BYTEA,
];

/// A row in the forms that the wire takes.
struct Columns<'a> {
    record: &'a Record,
    row: &'a LedgerRow,
    seq: i64,
    aggregate: Option<std::borrow::Cow<'a, str>>,
    kind: std::borrow::Cow<'a, str>,
    correlation_id: Option<std::borrow::Cow<'a, str>>,
    actor: Option<std::borrow::Cow<'a, str>>,
    publisher: Option<std::borrow::Cow<'a, str>>,
    inbox_seq: Option<i64>,
    inbox_last_seq: Option<i64>,
    door_key: Option<&'a [u8]>,
    content_hash: Option<&'a [u8]>,
    claimed_at: Option<i64>,
    received_at: Option<i64>,
    recorded_at: i64,
    hash: &'a [u8],
}

impl<'a> Columns<'a> {
    fn of(fit: &'a Fit<'a, LedgerRow>) -> Self {
        let Fit { record, event: row } = fit;
        let optional = |value: &'a Option<String>| value.as_deref().map(text);
        Self {
            record,
            row,
            seq: seq(record.sequence),
            aggregate: row.aggregate.as_ref().map(|id| text(id.as_str())),
            kind: text(&row.kind),
            correlation_id: optional(&row.correlation_id),
            actor: optional(&row.actor),
            publisher: optional(&row.publisher),
            inbox_seq: row.inbox.map(|(first, _)| seq(first)),
            inbox_last_seq: row.inbox.map(|(_, last)| seq(last)),
            door_key: row.door_key.as_ref().map(|key| &key.0[..]),
            content_hash: row.content_hash.as_ref().map(|hash| &hash.0[..]),
            claimed_at: at(row.claimed_at),
            received_at: at(row.received_at),
            recorded_at: record.recorded_at.nanos(),
            hash: &row.hash.0,
        }
    }

    fn values(&self) -> Vec<Value<'_>> {
        vec![
            &self.record.stream,
            &self.seq,
            &self.record.subject,
            &self.row.context,
            &self.aggregate,
            &self.kind,
            &self.row.id,
            &self.row.causation_id,
            &self.correlation_id,
            &self.actor,
            &self.publisher,
            &self.inbox_seq,
            &self.inbox_last_seq,
            &self.door_key,
            &self.content_hash,
            &self.claimed_at,
            &self.received_at,
            &self.recorded_at,
            &self.row.attributes,
            &self.record.payload,
            &self.hash,
        ]
    }
}
