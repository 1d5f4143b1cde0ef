//! Which approvals there are, and one of them whole.

use helmstream_schemas::Id;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::{AsOf, as_of, rows_limit};
use crate::{
    approval::{ApprovalView, Standing},
    columns::{id_back, json_back, seq},
    database::Database,
    error::ProjectionError,
};

/// Which approvals to list.
#[derive(Debug, Clone, Default)]
pub struct ApprovalFilter {
    pub standing: Option<Standing>,
    /// Only those of gates of this run.
    pub run: Option<Id>,
    /// How many at most.
    pub limit: u32,
    /// Only those that were asked for before this position.
    pub before: Option<u64>,
}

/// An approval whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ApprovalShown {
    pub id: Id,
    #[serde(flatten)]
    pub view: ApprovalView,
}

/// Lists approvals, those that were asked for last first.
pub async fn approval_list(
    database: &Database,
    filter: &ApprovalFilter,
) -> Result<AsOf<Vec<ApprovalShown>>, ProjectionError> {
    let mut session = database.moment().await?;
    let as_of_seq = as_of(&mut session, include_str!("as_of_approval.sql")).await?;
    let standing = filter.standing.map(Standing::word);
    let run = filter.run.as_ref().map(Id::token);
    let (before, limit) = (filter.before.map(seq), rows_limit(filter.limit));
    let rows = session
        .query(include_str!("approval_list.sql"), &[&standing, &run, &before, &limit])
        .await?;
    session.end().await?;
    Ok(AsOf { as_of_seq, answer: rows.iter().map(shown_back).collect::<Result<_, _>>()? })
}

/// Shows an approval; `None` if nothing has that id.
pub async fn approval_show(
    database: &Database,
    id: &Id,
) -> Result<AsOf<Option<ApprovalShown>>, ProjectionError> {
    let mut session = database.moment().await?;
    let as_of_seq = as_of(&mut session, include_str!("as_of_approval.sql")).await?;
    let rows = session.query(include_str!("approval_show.sql"), &[&id.token()]).await?;
    session.end().await?;
    Ok(AsOf { as_of_seq, answer: rows.first().map(shown_back).transpose()? })
}

fn shown_back(row: &Row) -> Result<ApprovalShown, ProjectionError> {
    Ok(ApprovalShown {
        id: id_back("approval", row.get("id"))?,
        view: json_back("approval", row.get("view"))?,
    })
}
