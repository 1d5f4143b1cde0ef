//! How values of ours stand in columns, and come back. Instants stand as nanoseconds, exact as the
//! log has them; positions as 64 bits with a sign, because Postgres has no others.

use std::borrow::Cow;

use helmstream_schemas::{Hash, Id, Subject, Timestamp};
use serde::de::DeserializeOwned;

use crate::error::ProjectionError;

/// A position in a column. No log reaches the bound.
pub(crate) fn seq(sequence: u64) -> i64 {
    i64::try_from(sequence).unwrap_or(i64::MAX)
}

/// A position out of a column.
pub(crate) fn seq_back(column: i64) -> u64 {
    u64::try_from(column).unwrap_or_default()
}

/// A text as Postgres can hold it: it has no U+0000.
pub(crate) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

pub(crate) fn at(instant: Option<Timestamp>) -> Option<i64> {
    instant.map(Timestamp::nanos)
}

pub(crate) fn at_back(column: Option<i64>) -> Option<Timestamp> {
    column.map(Timestamp::from_nanos)
}

/// A digest out of a column.
pub(crate) fn hash_back(table: &'static str, column: &[u8]) -> Result<Hash, ProjectionError> {
    column.try_into().map(Hash).map_err(|_| ProjectionError::Row {
        table,
        detail: format!("a digest of {} bytes", column.len()),
    })
}

/// An identity out of a column, where it stands as its token: a token has only printable
/// characters, whatever the identity has.
pub(crate) fn id_back(table: &'static str, column: &str) -> Result<Id, ProjectionError> {
    Id::from_token(column)
        .map_err(|error| ProjectionError::Row { table, detail: error.to_string() })
}

/// A value out of a column where it stands as JSON.
pub(crate) fn json_back<T: DeserializeOwned>(
    table: &'static str,
    column: &str,
) -> Result<T, ProjectionError> {
    serde_json::from_str(column)
        .map_err(|error| ProjectionError::Row { table, detail: error.to_string() })
}

/// The token of the aggregate whose subject on EVENTS this is. Subjects come from records that
/// were read, so any other text is its own token.
pub(crate) fn token_of(subject: &str) -> &str {
    subject.splitn(3, '.').nth(2).unwrap_or(subject)
}

/// The aggregate of a subject of EVENTS or COMMANDS.
pub(crate) fn aggregate_of(subject: &str) -> Option<(&'static str, Id)> {
    match subject.parse().ok()? {
        Subject::Event { context, id } | Subject::StoredCommand { context, id, .. } => {
            Some((context.name(), id))
        }
        _ => None,
    }
}
