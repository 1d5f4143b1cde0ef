//! Which approvals there are, and one of them whole.

use helmstream_schemas::{Actor, Context, Id, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_postgres::Row;

use super::{
    AsOf, Place, as_of_ledger,
    history::{history, taken},
    rows_limit,
};
use crate::{
    approval::{Approval, ApprovalView, Standing},
    columns::{id_back, json_back, seq},
    database::Database,
    error::ProjectionError,
    past::Past,
    projection::Fit,
};

/// Which approvals to list.
#[derive(Debug, Clone, Default)]
pub struct ApprovalFilter {
    pub standing: Option<Standing>,
    /// Only those of gates of this run.
    pub run: Option<Id>,
    /// Only those whose last round this actor asked for.
    pub asked_by: Option<Actor>,
    /// How many at most.
    pub limit: u32,
    /// Only those that were asked for before this position.
    pub before: Option<u64>,
    /// The view as it was; without it, as it is.
    pub past: Option<Past>,
}

/// An approval whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    let place = Place { view: "approval", past: filter.past.as_ref() };
    let as_of_approval = include_str!("as_of_approval.sql");
    let (mut session, as_of_seq) = place.moment(database, as_of_approval).await?;
    let list = place.of_it(include_str!("approval_list.sql"));
    let standing = filter.standing.map(Standing::word);
    let run = filter.run.as_ref().map(Id::token);
    let (before, limit) = (filter.before.map(seq), rows_limit(filter.limit));
    let asked_by = filter.asked_by.as_ref().map(|actor| json!(actor).to_string());
    let rows = session.query(&list, &[&standing, &run, &before, &limit, &asked_by]).await?;
    session.end().await?;
    Ok(AsOf { as_of_seq, answer: rows.iter().map(shown_back).collect::<Result<_, _>>()? })
}

/// Shows an approval; `None` if nothing has that id. `at` is the position as of which it is shown;
/// without one, the last that was read.
pub async fn approval_show(
    database: &Database,
    id: &Id,
    at: Option<u64>,
) -> Result<AsOf<Option<ApprovalShown>>, ProjectionError> {
    let mut session = database.moment(&["ledger"]).await?;
    let read_to = as_of_ledger(&mut session).await?;
    let as_of_seq = at.map_or(read_to, |at| at.min(read_to));
    let subject = Subject::Event { context: Context::Approval, id: id.clone() }.to_string();
    let records = history(&mut session, &[subject], as_of_seq).await?;
    session.end().await?;
    let mut view = ApprovalView::default();
    for Fit { record, event } in taken::<Approval>(&records) {
        if let Some(event) = event {
            view.fold(record.sequence, event);
        }
    }
    let answer = (view != ApprovalView::default()).then(|| ApprovalShown { id: id.clone(), view });
    Ok(AsOf { as_of_seq, answer })
}

fn shown_back(row: &Row) -> Result<ApprovalShown, ProjectionError> {
    Ok(ApprovalShown {
        id: id_back("approval", row.get("id"))?,
        view: json_back("approval", row.get("view"))?,
    })
}
