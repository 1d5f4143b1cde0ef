//! Which approvals there are, and one of them whole.

use helmstream_schemas::{Actor, Context, Id, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio_postgres::Row;

use super::{
    AsOf, Page, Place, as_of_ledger,
    cursor::Cursor,
    history::{history, taken},
    order::{Field, Order, Sorted},
    rows_limit,
};
use crate::{
    approval::{Approval, ApprovalView, Standing},
    columns::{id_back, json_back},
    database::Database,
    error::ProjectionError,
    past::Past,
    projection::Fit,
    session::Value,
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
    pub order: Order<ApprovalShown>,
    /// Where the page before this one ended: its `next`.
    pub cursor: Option<Cursor>,
    /// The view as it was; without it, as it is.
    pub past: Option<Past>,
}

/// An approval with all its rounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalShown {
    pub id: Id,
    #[serde(flatten)]
    pub view: ApprovalView,
}

impl Sorted for ApprovalShown {
    const FIELDS: &'static [Field] = &[
        Field::number("asked_seq", "asked_seq"),
        Field::text("id", "id"),
        Field::number("asked_at", "coalesce(asked_at, -9223372036854775808)"),
        Field::number("expires_at", "coalesce(expires_at, -9223372036854775808)"),
    ];
}

/// An approval whole, and the revision that it is at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalWhole {
    #[serde(flatten)]
    pub approval: ApprovalShown,
    /// Position of the last record on its subject, refusals included: what the guard of the next
    /// append names.
    pub revision: u64,
}

/// Lists approvals.
pub async fn approval_list(
    database: &Database,
    filter: &ApprovalFilter,
) -> Result<AsOf<Page<ApprovalShown>>, ProjectionError> {
    let (value, id) = filter.order.ended(filter.cursor.as_ref())?;
    let place = Place { view: "approval", past: filter.past.as_ref() };
    let as_of_approval = include_str!("as_of_approval.sql");
    let (mut session, as_of_seq) = place.moment(database, as_of_approval).await?;
    let list = place.of_it(include_str!("approval_list.sql"));
    let standing = filter.standing.map(Standing::word);
    let run = filter.run.as_ref().map(Id::token);
    let limit = rows_limit(filter.limit);
    let asked_by = filter.asked_by.as_ref().map(|actor| json!(actor).to_string());
    let values: &[Value<'_>] = &[&standing, &run, &value, &id, &limit, &asked_by];
    let rows = session.query(&filter.order.of_it(&list), values).await?;
    session.end().await?;
    let approvals = rows.iter().map(shown_back).collect::<Result<_, _>>()?;
    let next = filter.order.next(&rows, limit);
    Ok(AsOf { as_of_seq, answer: Page { rows: approvals, next } })
}

/// Shows an approval; `None` if nothing has that id. `at` is the position as of which it is shown;
/// without one, the last that was read.
pub async fn approval_show(
    database: &Database,
    id: &Id,
    at: Option<u64>,
) -> Result<AsOf<Option<ApprovalWhole>>, ProjectionError> {
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
    let revision = records.last().map_or(0, |record| record.sequence);
    let answer = (view != ApprovalView::default())
        .then(|| ApprovalWhole { approval: ApprovalShown { id: id.clone(), view }, revision });
    Ok(AsOf { as_of_seq, answer })
}

fn shown_back(row: &Row) -> Result<ApprovalShown, ProjectionError> {
    Ok(ApprovalShown {
        id: id_back("approval", row.get("id"))?,
        view: json_back("approval", row.get("view"))?,
    })
}
