//! Why something happened: from the message at the door through command and decision to every
//! effect, and the effects of those. Built from the causes that records carry; it decides nothing
//! again.

use std::collections::{BTreeMap, BTreeSet};

use helmstream_schemas::{Hash, Id, Timestamp, refusal::CommandRefused};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;
use uuid::Uuid;

use super::{
    AsOf, as_of_ledger,
    linked::{Linked, linked},
};
use crate::{
    columns::{aggregate_of, at_back, hash_back, seq, seq_back},
    database::Database,
    error::ProjectionError,
    limits::{WHY_DEPTH_MAX, WHY_RECORDS_MAX},
    session::Value,
};

/// The whole chain that an event belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Why {
    /// The event or command that was asked about.
    pub asked: Uuid,
    /// The publish it began with; absent if it began inside the plane.
    pub door: Option<AtDoor>,
    /// The first cause that is on the log, with everything that came of it.
    pub chain: Link,
    /// What its publisher says that it belongs to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Linked>,
    /// Whether there is more than is shown.
    pub is_cut: bool,
}

/// A publish, as its command tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WhyAtDoor")]
pub struct AtDoor {
    pub publisher: Option<String>,
    pub inbox_sequence: u64,
    pub received_at: Option<Timestamp>,
    pub door_key: Option<Hash>,
}

/// A record, and what it caused in the order in which the log recorded it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "WhyLink")]
pub struct Link {
    pub stream: String,
    pub sequence: u64,
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: String,
    /// Absent in the journal.
    pub context: Option<String>,
    pub aggregate: Option<Id>,
    pub actor: Option<String>,
    pub recorded_at: Timestamp,
    /// Reason and detail, if it is a refusal.
    pub refused: Option<(String, String)>,
    pub effects: Vec<Link>,
}

/// Tells why an event or command is there; `None` if the ledger has none of that id. `at` leaves
/// out what came later: events behind its position, and of the other streams what was recorded
/// after that.
pub async fn why(
    database: &Database,
    id: Uuid,
    at: Option<(u64, Timestamp)>,
) -> Result<AsOf<Option<Why>>, ProjectionError> {
    let mut session = database.moment(&["ledger"]).await?;
    let read_to = as_of_ledger(&mut session).await?;
    let as_of_seq = at.map_or(read_to, |(at, _)| at.min(read_to));
    let (to, until) = (at.map(|(at, _)| seq(at)), at.map(|(_, at)| at.nanos()));
    let root = session.query(include_str!("why_root.sql"), &[&id, &WHY_DEPTH_MAX]).await?;
    let Some(root) = root.first() else {
        session.end().await?;
        return Ok(AsOf { as_of_seq, answer: None });
    };
    let root: Uuid = root.get("id");
    let limit = WHY_RECORDS_MAX as i64 + 1;
    let values: &[Value<'_>] = &[&root, &WHY_DEPTH_MAX, &limit, &to, &until];
    let rows = session.query(include_str!("why_effects.sql"), values).await?;
    let links = linked(&mut session, &rows, until).await?;
    session.end().await?;
    let is_cut = rows.len() > WHY_RECORDS_MAX
        || rows.iter().any(|row| row.get::<_, i32>("depth") == WHY_DEPTH_MAX);
    let rows = &rows[..rows.len().min(WHY_RECORDS_MAX)];
    let is_there = rows.iter().any(|row| row.get::<_, Uuid>("id") == id) || is_cut;
    let first = rows.iter().find(|row| row.get::<_, Uuid>("id") == root);
    let answer = match first.filter(|_| is_there) {
        Some(first) => {
            let (door, chain) = (door_back(first)?, chain(rows, first)?);
            Some(Why { asked: id, door, chain, links, is_cut })
        }
        None => None,
    };
    Ok(AsOf { as_of_seq, answer })
}

fn door_back(row: &Row) -> Result<Option<AtDoor>, ProjectionError> {
    let Some(inbox_sequence) = row.get::<_, Option<i64>>("inbox_seq").map(seq_back) else {
        return Ok(None);
    };
    let door_key: Option<&[u8]> = row.get("door_key");
    Ok(Some(AtDoor {
        publisher: row.get("publisher"),
        inbox_sequence,
        received_at: at_back(row.get("received_at")),
        door_key: door_key.map(|key| hash_back("record", key)).transpose()?,
    }))
}

/// Puts each record below its cause. A command that was stored twice is one link.
fn chain(rows: &[Row], root: &Row) -> Result<Link, ProjectionError> {
    let mut effects: BTreeMap<Uuid, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        if let Some(cause) = row.get::<_, Option<Uuid>>("causation_id") {
            effects.entry(cause).or_default().push(row);
        }
    }
    link(root, &effects, &mut BTreeSet::new())
}

fn link(
    row: &Row,
    effects: &BTreeMap<Uuid, Vec<&Row>>,
    shown: &mut BTreeSet<Uuid>,
) -> Result<Link, ProjectionError> {
    let id: Uuid = row.get("id");
    shown.insert(id);
    let mut below = Vec::new();
    for effect in effects.get(&id).into_iter().flatten() {
        if !shown.contains(&effect.get("id")) {
            below.push(link(effect, effects, shown)?);
        }
    }
    let (context, aggregate) = aggregate_of(row.get("subject")).unzip();
    let kind: String = row.get("kind");
    let refused = kind
        .contains(".command_refused.")
        .then(|| serde_json::from_slice::<CommandRefused>(row.get("payload")).ok())
        .flatten()
        .map(|refused| (refused.reason, refused.detail));
    Ok(Link {
        stream: row.get("stream"),
        sequence: seq_back(row.get("seq")),
        id,
        kind,
        context: context.map(str::to_owned),
        aggregate,
        actor: row.get("actor"),
        recorded_at: Timestamp::from_nanos(row.get("recorded_at")),
        refused,
        effects: below,
    })
}
