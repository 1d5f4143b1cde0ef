//! The checkpoint in the database: who may move it, and that it is moved only from exactly where it
//! was left. That is the fence; what is written behind it is the projector's affair.

use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    columns::{hash_back, seq, seq_back},
    error::ProjectionError,
    position::{Checkpoint, Diverged, Divergence},
    session::{Session, Value},
};

/// Makes `at.owner` the one that may move the checkpoint; where it stands.
pub(super) async fn take_over(
    session: &mut Session,
    at: &Checkpoint,
) -> Result<Checkpoint, ProjectionError> {
    // A term that was taken may not be lost with the tail of a crashed database.
    let begin = "BEGIN; SET LOCAL synchronous_commit = on";
    session.run("begin to take a checkpoint over", begin).await?;
    let values: &[Value<'_>] = &[&at.projection, &version(at), &at.stream, &at.owner, &at.epoch];
    let rows = session.query(include_str!("take_over.sql"), values).await?;
    let Some(row) = rows.first() else {
        let wanted = see(session, at).await?.map_or(Uuid::nil(), |held| held.epoch);
        let what = Divergence::OtherEpoch { found: at.epoch, wanted };
        return Err(Diverged { view: at.view(), what }.into());
    };
    let taken = held(at, row)?;
    session.run("take a checkpoint over", "COMMIT").await?;
    Ok(taken)
}

/// The checkpoint, whoever owns it.
pub(super) async fn see(
    session: &mut Session,
    at: &Checkpoint,
) -> Result<Option<Checkpoint>, ProjectionError> {
    let values: &[Value<'_>] = &[&at.projection, &version(at), &at.stream];
    let rows = session.query(include_str!("see.sql"), values).await?;
    rows.first().map(|row| held(at, row)).transpose()
}

/// Begins a transaction and moves the checkpoint, if it is exactly where it was left and under the
/// same term. Otherwise nothing was moved, and the transaction is to be given up.
pub(super) async fn move_on(
    session: &mut Session,
    from: &Checkpoint,
    to: &Checkpoint,
) -> Result<bool, ProjectionError> {
    let hash = to.applied_hash.as_ref().map(|hash| &hash.0[..]);
    let values: &[Value<'_>] = &[
        &seq(to.applied_seq),
        &hash,
        &seq(to.read_to_seq),
        &from.projection,
        &version(from),
        &from.stream,
        &from.owner,
        &from.term,
        &seq(from.applied_seq),
        &seq(from.read_to_seq),
    ];
    Ok(session.begin_with(include_str!("move_on.sql"), values).await? == 1)
}

pub(super) fn version(at: &Checkpoint) -> i32 {
    i32::try_from(at.version).unwrap_or(i32::MAX)
}

fn held(at: &Checkpoint, row: &Row) -> Result<Checkpoint, ProjectionError> {
    let hash: Option<&[u8]> = row.get("applied_hash");
    Ok(Checkpoint {
        applied_seq: seq_back(row.get("applied_seq")),
        applied_hash: hash.map(|hash| hash_back("checkpoint", hash)).transpose()?,
        read_to_seq: seq_back(row.get("read_to_seq")),
        owner: row.get("owner"),
        term: row.get("term"),
        epoch: row.get("epoch"),
        ..at.clone()
    })
}
