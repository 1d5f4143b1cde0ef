//! Everything that can be asked of the views. Each question is read at one moment of the database
//! and says which position of the log it is as of. Nothing here writes.

mod about;
pub mod access;
pub mod approval;
pub mod changes;
pub mod command;
pub mod cursor;
pub mod dead_letter;
pub mod deadline;
pub mod deployment;
pub mod doctor;
pub mod door;
pub mod event;
mod history;
pub mod linked;
pub mod order;
pub mod outcome;
pub mod projection;
pub mod revision;
pub mod run;
pub mod verify;
pub mod why;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::cursor::Cursor;
use crate::{
    columns::seq_back,
    database::{Database, Lent},
    error::ProjectionError,
    limits::{ASKED_MAX, LIST_ROWS_MAX},
    past::Past,
    session::Session,
};

/// An answer, and the position on EVENTS up to which the view had read when it was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AsOf<T> {
    pub as_of_seq: u64,
    pub answer: T,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// Where it ended, if another page may follow.
    pub next: Option<Cursor>,
}

/// Where a list is read: in a view as it is, or as it was.
struct Place<'a> {
    view: &'a str,
    past: Option<&'a Past>,
}

impl Place<'_> {
    /// A moment there, and the position that it is as of.
    async fn moment(
        &self,
        database: &Database,
        now: &'static str,
    ) -> Result<(Lent, u64), ProjectionError> {
        if let Some(past) = self.past {
            return Ok((past.moment(database).await?, past.sequence));
        }
        let mut session = database.moment(&[self.view]).await?;
        let as_of_seq = as_of(&mut session, now).await?;
        Ok((session, as_of_seq))
    }

    /// A statement about the view as it is, as one that is read here.
    fn of_it(&self, sql: &'static str) -> Cow<'static, str> {
        self.past.map_or(sql.into(), |past| past.of_it(sql).into())
    }
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
