//! Everything that can be asked of the views. Each question is read at one moment of the database
//! and says which position of the log it is as of. Nothing here writes.

pub mod approval;
pub mod command;
pub mod dead_letter;
pub mod deadline;
pub mod deployment;
pub mod door;
pub mod event;
mod history;
pub mod outcome;
pub mod projection;
pub mod run;
pub mod verify;
pub mod why;

use serde::{Deserialize, Serialize};

use crate::{
    columns::seq_back,
    error::ProjectionError,
    limits::{ASKED_MAX, LIST_ROWS_MAX},
    session::Session,
};

/// An answer, and the position on EVENTS up to which the view had read when it was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AsOf<T> {
    pub as_of_seq: u64,
    pub answer: T,
}

/// The least that the views behind an answer had read; `sql` lists them.
async fn as_of(session: &mut Session, sql: &'static str) -> Result<u64, ProjectionError> {
    let rows = session.query(sql, &[]).await?;
    Ok(rows.first().and_then(|row| row.get("as_of_seq")).map_or(0, seq_back))
}

async fn as_of_ledger(session: &mut Session) -> Result<u64, ProjectionError> {
    as_of(session, include_str!("as_of_ledger.sql")).await
}

/// How many rows a list gives, by how many were asked for.
fn rows_limit(asked: u32) -> i64 {
    i64::from(asked.clamp(1, LIST_ROWS_MAX))
}

fn bounded<T>(asked: &[T]) -> Result<(), ProjectionError> {
    if asked.len() > ASKED_MAX {
        return Err(ProjectionError::TooMany { asked: asked.len(), limit: ASKED_MAX });
    }
    Ok(())
}
