//! Events as the ledger holds them: a list, and one of them whole.

use helmstream_schemas::{Attributes, Context, Hash, Id, Record, Subject, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    AsOf,
    about::list_about,
    as_of_ledger,
    order::{Field, Sorted},
    rows_limit,
};
use crate::{
    columns::{aggregate_of, at_back, hash_back, seq, seq_back},
    database::Database,
    error::ProjectionError,
    session::Value,
};

/// Which events to list, in the order of the log.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub context: Option<Context>,
    pub aggregate: Option<Id>,
    /// The type as it stands in `ce-type`.
    pub kind: Option<String>,
    /// External facts about what has this id, and no other events.
    pub about: Option<String>,
    /// From this position on.
    pub from_seq: u64,
    /// As of this position; without one, of what is there now.
    pub to_seq: Option<u64>,
    /// Only those before this position.
    pub before: Option<u64>,
    /// The last one first.
    pub descends: bool,
    /// How many at most.
    pub limit: u32,
}

/// A record of EVENTS or COMMANDS in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventLine {
    pub sequence: u64,
    pub id: Uuid,
    pub context: String,
    pub aggregate: Id,
    #[serde(rename = "type")]
    pub kind: String,
    pub actor: Option<String>,
    /// When the publisher says that it happened.
    pub claimed_at: Option<Timestamp>,
    /// When the door received what caused it.
    pub received_at: Option<Timestamp>,
    pub recorded_at: Timestamp,
    pub causation_id: Option<Uuid>,
    pub correlation_id: Option<String>,
    pub hash: Hash,
}

impl Sorted for EventLine {
    const FIELDS: &'static [Field] = &[Field::number("sequence", "seq")];
}

/// A record whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventShown {
    #[serde(flatten)]
    pub line: EventLine,
    pub stream: String,
    pub subject: String,
    pub attributes: Attributes,
    /// The payload; a text where it is no JSON.
    pub data: serde_json::Value,
    /// Whether the record, hashed again, has the hash that the ledger holds.
    pub hash_agrees: bool,
}

/// Which event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventName {
    Id(Uuid),
    Sequence(u64),
}

impl EventFilter {
    /// A statement in the order that is asked.
    pub(super) fn in_order(&self, sql: &str) -> String {
        sql.replace("{way}", if self.descends { "DESC" } else { "ASC" })
    }
}

/// Lists events.
pub async fn event_list(
    database: &Database,
    filter: &EventFilter,
) -> Result<AsOf<Vec<EventLine>>, ProjectionError> {
    let (from, limit) = (seq(filter.from_seq), rows_limit(filter.limit));
    let before = filter.before.map(|before| before.saturating_sub(1));
    let to = [filter.to_seq, before].into_iter().flatten().min().map(seq);
    let mut session = database.moment(&["ledger"]).await?;
    let as_of_seq = as_of_ledger(&mut session).await?;
    if let Some(about) = &filter.about {
        let answer = list_about(&mut session, filter, about, (from, to)).await?;
        session.end().await?;
        let as_of_seq = filter.to_seq.map_or(as_of_seq, |to| to.min(as_of_seq));
        return Ok(AsOf { as_of_seq, answer });
    }
    let rows = match &filter.aggregate {
        Some(id) => {
            let contexts = filter.context.map_or(Context::ALL.to_vec(), |context| vec![context]);
            let subjects: Vec<String> = contexts
                .into_iter()
                .map(|context| Subject::Event { context, id: id.clone() }.to_string())
                .collect();
            let sql = filter.in_order(include_str!("event_list_aggregate.sql"));
            session.query(&sql, &[&subjects, &filter.kind, &from, &limit, &to]).await?
        }
        None => {
            let context = filter.context.map(Context::name);
            let values: &[Value<'_>] = &[&context, &filter.kind, &from, &limit, &to];
            session.query(&filter.in_order(include_str!("event_list.sql")), values).await?
        }
    };
    session.end().await?;
    let as_of_seq = filter.to_seq.map_or(as_of_seq, |to| to.min(as_of_seq));
    Ok(AsOf { as_of_seq, answer: rows.iter().map(line_back).collect::<Result<_, _>>()? })
}

/// Shows an event; `None` if the ledger has none of that name.
pub async fn event_show(
    database: &Database,
    name: EventName,
) -> Result<AsOf<Option<EventShown>>, ProjectionError> {
    let mut session = database.moment(&["ledger"]).await?;
    let as_of_seq = as_of_ledger(&mut session).await?;
    let rows = match name {
        EventName::Id(id) => session.query(include_str!("event_show_id.sql"), &[&id]).await?,
        EventName::Sequence(sequence) => {
            session.query(include_str!("event_show_sequence.sql"), &[&seq(sequence)]).await?
        }
    };
    session.end().await?;
    Ok(AsOf { as_of_seq, answer: rows.first().map(shown_back).transpose()? })
}

pub(super) fn line_back(row: &Row) -> Result<EventLine, ProjectionError> {
    let subject: &str = row.get("subject");
    let (context, aggregate) = aggregate_of(subject).ok_or_else(|| ProjectionError::Row {
        table: "record",
        detail: format!("subject `{subject}`"),
    })?;
    Ok(EventLine {
        sequence: seq_back(row.get("seq")),
        id: row.get("id"),
        context: context.to_owned(),
        aggregate,
        kind: row.get("kind"),
        actor: row.get("actor"),
        claimed_at: at_back(row.get("claimed_at")),
        received_at: at_back(row.get("received_at")),
        recorded_at: Timestamp::from_nanos(row.get("recorded_at")),
        causation_id: row.get("causation_id"),
        correlation_id: row.get("correlation_id"),
        hash: hash_back("record", row.get("hash"))?,
    })
}

pub(super) fn shown_back(row: &Row) -> Result<EventShown, ProjectionError> {
    let line = line_back(row)?;
    let attributes: Attributes = serde_json::from_str(row.get("attributes"))
        .map_err(|error| ProjectionError::Row { table: "record", detail: error.to_string() })?;
    let payload: Vec<u8> = row.get("payload");
    let data = serde_json::from_slice(&payload)
        .unwrap_or_else(|_| String::from_utf8_lossy(&payload).into_owned().into());
    let record = Record {
        stream: row.get("stream"),
        subject: row.get("subject"),
        sequence: line.sequence,
        recorded_at: line.recorded_at,
        attributes,
        payload,
    };
    let hash_agrees = Hash::of_record(&record) == line.hash;
    let Record { stream, subject, attributes, .. } = record;
    Ok(EventShown { line, stream, subject, attributes, data, hash_agrees })
}
