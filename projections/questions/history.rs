//! The events of aggregates, as the ledger holds them, taken for what a view takes them for. So one
//! aggregate can be shown whole, and as of any moment, without a row an event in its view.

use std::collections::BTreeSet;

use helmstream_schemas::{Record, Timestamp};

use crate::{
    columns::{json_back, seq, seq_back},
    error::ProjectionError,
    parking,
    projection::{Fit, Projection},
    session::Session,
};

/// The records of these subjects up to a position, in the order of the log.
pub(super) async fn history(
    session: &mut Session,
    subjects: &[String],
    up_to: u64,
) -> Result<Vec<Record>, ProjectionError> {
    let rows = session.query(include_str!("history.sql"), &[&subjects, &seq(up_to)]).await?;
    rows.iter()
        .map(|row| {
            Ok(Record {
                stream: "EVENTS".to_owned(),
                subject: row.get("subject"),
                sequence: seq_back(row.get("seq")),
                recorded_at: Timestamp::from_nanos(row.get("recorded_at")),
                attributes: json_back("record", row.get("attributes"))?,
                payload: row.get("payload"),
            })
        })
        .collect()
}

/// What a view makes of records: those that it would park are left out, as in its lists.
pub(super) fn taken<P: Projection>(records: &[Record]) -> Vec<Fit<'_, P::Event>> {
    parking::read_and_sort::<P>(records, BTreeSet::new(), None).fits
}
