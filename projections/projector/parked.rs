//! Parked records in the database. Which records park is decided in `parking`.

use std::collections::BTreeSet;

use helmstream_schemas::Record;

use super::fence::version;
use crate::{
    columns::{seq, text},
    error::ProjectionError,
    parking::Parked,
    position::Checkpoint,
    session::{Session, Value},
};

/// Whether the view has parked anything: asked once where it stands, so that no batch has to.
pub(super) async fn any(session: &mut Session, at: &Checkpoint) -> Result<bool, ProjectionError> {
    let values: &[Value<'_>] = &[&at.projection, &version(at), &at.stream];
    let rows = session.query(include_str!("any_parked.sql"), values).await?;
    Ok(!rows.is_empty())
}

/// Which subjects of a batch have something parked.
pub(super) async fn subjects(
    session: &mut Session,
    at: &Checkpoint,
    batch: &[Record],
) -> Result<BTreeSet<String>, ProjectionError> {
    let subjects: Vec<&str> = batch.iter().map(|record| record.subject.as_str()).collect();
    let values: &[Value<'_>] = &[&at.projection, &version(at), &at.stream, &subjects];
    let rows = session.query(include_str!("parked_subjects.sql"), values).await?;
    Ok(rows.iter().map(|row| row.get("subject")).collect())
}

/// Keeps records that cannot be applied, whole and with the reason.
pub(super) async fn park(
    session: &mut Session,
    at: &Checkpoint,
    parked: &[Parked<'_>],
) -> Result<(), ProjectionError> {
    for Parked { record, reason } in parked {
        let attributes = serde_json::to_string(&record.attributes).expect("attributes are texts");
        let values: &[Value<'_>] = &[
            &at.projection,
            &version(at),
            &at.stream,
            &seq(record.sequence),
            &record.subject,
            &text(reason),
            &record.recorded_at.nanos(),
            &attributes,
            &record.payload,
        ];
        session.execute(include_str!("park.sql"), values).await?;
    }
    Ok(())
}
