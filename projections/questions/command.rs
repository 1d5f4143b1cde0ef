//! One command as the ledger holds it. What came of it is asked in `outcome`.

use uuid::Uuid;

use super::{
    AsOf, as_of_ledger,
    event::{EventShown, shown_back},
};
use crate::{database::Database, error::ProjectionError};

/// Shows the command of an id as it was first stored; `None` if the ledger has none.
pub async fn command_show(
    database: &Database,
    id: Uuid,
) -> Result<AsOf<Option<EventShown>>, ProjectionError> {
    let mut session = database.moment(&["ledger"]).await?;
    let as_of_seq = as_of_ledger(&mut session).await?;
    let rows = session.query(include_str!("command_show.sql"), &[&id]).await?;
    session.end().await?;
    Ok(AsOf { as_of_seq, answer: rows.first().map(shown_back).transpose()? })
}
