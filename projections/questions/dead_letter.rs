//! What could not be read, as the journal tells it, and what was decided about it. The whole
//! message stands in DEADLETTERS, which is not a view.

use std::collections::BTreeMap;

use helmstream_schemas::{Context, Id, Subject, Timestamp, journal::DeadLetter, outcome::Outcome};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    AsOf, Page, as_of,
    cursor::Cursor,
    order::{Field, Order, Sorted},
    outcome::outcomes_at,
    revision::revisions_at,
    rows_limit,
};
use crate::{
    columns::{json_back, seq, seq_back},
    database::Database,
    dead_letter::{Attempt, DeadLetterView, Decided, Standing},
    error::ProjectionError,
    limits::ASKED_MAX,
    session::Session,
};

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterShown {
    /// Position of the entry in the journal; lists are in this order.
    pub sequence: u64,
    pub recorded_at: Timestamp,
    #[serde(flatten)]
    pub letter: DeadLetter,
    pub standing: Standing,
    /// Retries, the first one first.
    pub retries: Vec<Retry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discarded: Option<Decided>,
}

/// A retry, and what it became.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeadLetterRetry")]
pub struct Retry {
    #[serde(flatten)]
    pub attempt: Attempt,
    /// The publish that it was; absent while it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<Became>,
}

/// The publish that a retry was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RetryBecame")]
pub struct Became {
    pub inbox_sequence: u64,
    /// Absent while it has none.
    #[serde(flatten)]
    pub outcome: Option<Outcome>,
}

/// A dead letter, and the revision of what was decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DeadLetterWhole {
    #[serde(flatten)]
    pub letter: DeadLetterShown,
    /// Position of the last record of a decision about it, refusals included; 0 before the first.
    pub revision: u64,
}

impl Sorted for DeadLetterShown {
    const FIELDS: &'static [Field] = &[
        Field::number("sequence", "letter.seq"),
        Field::number("inbox_sequence", "coalesce(letter.inbox_seq, 0)"),
    ];
    const ID_LEAST: &'static str = "0";
}

/// Which dead letters to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetterFilter {
    /// Those as well that were retried or discarded.
    pub is_all: bool,
    pub order: Order<DeadLetterShown>,
    /// Where the page before this one ended: its `next`.
    pub cursor: Option<Cursor>,
    pub limit: u32,
}

/// Lists dead letters.
pub async fn dead_letter_list(
    database: &Database,
    filter: &DeadLetterFilter,
) -> Result<AsOf<Page<DeadLetterShown>>, ProjectionError> {
    let (value, id) = filter.order.ended(filter.cursor.as_ref())?;
    let mut session = database.moment(&["ledger", "dead_letter"]).await?;
    let as_of_seq = as_of(&mut session, include_str!("as_of_dead_letter.sql")).await?;
    let limit = rows_limit(filter.limit);
    let list = filter.order.of_it(include_str!("dead_letter_list.sql"));
    let rows = session.query(&list, &[&value, &id, &filter.is_all, &limit]).await?;
    let mut letters = rows.iter().map(letter_back).collect::<Result<Vec<_>, _>>()?;
    add_became(&mut session, &mut letters).await?;
    session.end().await?;
    let next = filter.order.next(&rows, limit);
    Ok(AsOf { as_of_seq, answer: Page { rows: letters, next } })
}

/// Shows the dead letter that a publish became; `None` if it became none.
pub async fn dead_letter_show(
    database: &Database,
    inbox_sequence: u64,
) -> Result<AsOf<Option<DeadLetterWhole>>, ProjectionError> {
    let mut session = database.moment(&["ledger", "dead_letter"]).await?;
    let as_of_seq = as_of(&mut session, include_str!("as_of_dead_letter.sql")).await?;
    let rows = session.query(include_str!("dead_letter_show.sql"), &[&seq(inbox_sequence)]).await?;
    let mut answer = rows.iter().map(letter_back).collect::<Result<Vec<_>, _>>()?;
    add_became(&mut session, &mut answer).await?;
    let id = Id::new(inbox_sequence.to_string()).map_err(|error| ProjectionError::Row {
        table: "dead_letter",
        detail: error.to_string(),
    })?;
    let subject = Subject::Event { context: Context::DeadLetter, id }.to_string();
    let revisions = revisions_at(&mut session, &[subject], as_of_seq).await?;
    session.end().await?;
    let revision = revisions.into_values().next().unwrap_or_default();
    Ok(AsOf { as_of_seq, answer: answer.pop().map(|letter| DeadLetterWhole { letter, revision }) })
}

fn letter_back(row: &Row) -> Result<DeadLetterShown, ProjectionError> {
    let letter = serde_json::from_slice(row.get("payload"))
        .map_err(|error| ProjectionError::Row { table: "record", detail: error.to_string() })?;
    let view: Option<&str> = row.get("view");
    let view: DeadLetterView =
        view.map(|view| json_back("dead_letter", view)).transpose()?.unwrap_or_default();
    Ok(DeadLetterShown {
        sequence: seq_back(row.get("seq")),
        recorded_at: Timestamp::from_nanos(row.get("recorded_at")),
        letter,
        standing: view.standing(),
        retries: view.retries.into_iter().map(|attempt| Retry { attempt, became: None }).collect(),
        discarded: view.discarded,
    })
}

/// Adds what each retry became. Past `ASKED_MAX` retries on one page it is not told.
async fn add_became(
    session: &mut Session,
    letters: &mut [DeadLetterShown],
) -> Result<(), ProjectionError> {
    let events: Vec<Uuid> = letters
        .iter()
        .flat_map(|shown| &shown.retries)
        .filter(|retry| retry.attempt.failed.is_none())
        .map(|retry| retry.attempt.decided.event_id)
        .take(ASKED_MAX)
        .collect();
    if events.is_empty() {
        return Ok(());
    }
    let rows = session.query(include_str!("dead_letter_became.sql"), &[&events]).await?;
    let published: BTreeMap<Uuid, u64> =
        rows.iter().map(|row| (row.get("causation_id"), seq_back(row.get("inbox_seq")))).collect();
    let asked: Vec<u64> = published.values().copied().collect();
    let outcomes: BTreeMap<u64, Option<Outcome>> =
        outcomes_at(session, &asked).await?.into_iter().collect();
    for retry in letters.iter_mut().flat_map(|shown| &mut shown.retries) {
        let inbox_sequence = published.get(&retry.attempt.decided.event_id).copied();
        retry.became = inbox_sequence.map(|inbox_sequence| Became {
            inbox_sequence,
            outcome: outcomes.get(&inbox_sequence).cloned().flatten(),
        });
    }
    Ok(())
}
