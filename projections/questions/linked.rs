//! What a publisher says that its event belongs to: the links of a CDEvent, followed to what the
//! events that they name became. A link names an event by its id alone; so it is looked for where the
//! publisher of the link would have published it, under the source of the event that has the link.
//! If it is not there, it is looked for by whomever published, near the event that has the link; and
//! followed if one event alone has that id there.

use helmstream_schemas::{Attributes, Hash, Id, Timestamp, attributes as ce};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    columns::{aggregate_of, seq_back},
    error::ProjectionError,
    limits::{LINK_COMMANDS_AFTER, LINK_COMMANDS_BEFORE, LINK_COMMANDS_MAX, LINKS_MAX},
    session::{Session, Value},
};

/// A link, and where it leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "LinkedRecord")]
pub struct Linked {
    /// The kind of a relation, or `path` or `end`.
    pub kind: String,
    /// The id of the event that is linked to.
    pub to: String,
    /// What that event became; absent if it is not known here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub became: Option<Became>,
    /// Another publisher published it, or it has another source.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub elsewhere: bool,
}

/// The command that a linked event became.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CommandBecame")]
pub struct Became {
    /// Position in COMMANDS.
    pub sequence: u64,
    pub id: Uuid,
    #[serde(rename = "type")]
    pub kind: String,
    pub context: Option<String>,
    pub aggregate: Option<Id>,
    pub recorded_at: Timestamp,
}

/// The links of the commands among these rows of the ledger; `until` leaves out what came later.
pub(super) async fn linked(
    session: &mut Session,
    rows: &[Row],
    until: Option<i64>,
) -> Result<Vec<Linked>, ProjectionError> {
    let mut found: Vec<(Hash, Linked)> = Vec::new();
    let mut near: Option<(i64, i64)> = None;
    for row in rows.iter().filter(|row| row.get::<_, &str>("stream") == "COMMANDS") {
        let Some(publisher) = row.get::<_, Option<&str>>("publisher") else { continue };
        let Some((source, links)) = links_of(row.get("payload")) else { continue };
        let own: i64 = row.get("seq");
        near = Some(near.map_or((own, own), |(first, last)| (first.min(own), last.max(own))));
        found.extend(links.into_iter().map(|(kind, to)| {
            let key = Hash::of_parts(&[publisher, &source, &to]);
            (key, Linked { kind, to, became: None, elsewhere: false })
        }));
    }
    found.truncate(LINKS_MAX);
    let Some((first, last)) = near.filter(|_| !found.is_empty()) else { return Ok(Vec::new()) };
    let keys: Vec<&[u8]> = found.iter().map(|(key, _)| &key.0[..]).collect();
    let rows = session.query(include_str!("why_linked.sql"), &[&keys, &until]).await?;
    for (key, link) in &mut found {
        let row = rows.iter().find(|row| row.get::<_, &[u8]>("door_key") == key.0);
        link.became = row.map(became);
    }
    let mut links: Vec<Linked> = found.into_iter().map(|(_, link)| link).collect();
    let range =
        (first.saturating_sub(LINK_COMMANDS_BEFORE), last.saturating_add(LINK_COMMANDS_AFTER));
    elsewhere(session, &mut links, range, until).await?;
    Ok(links)
}

/// Looks for what is not where its publisher would have published it, among the commands of a range.
async fn elsewhere(
    session: &mut Session,
    links: &mut [Linked],
    (first, last): (i64, i64),
    until: Option<i64>,
) -> Result<(), ProjectionError> {
    let open = links.iter().filter(|link| link.became.is_none());
    let written: Vec<String> = open.map(|link| Json::from(link.to.as_str()).to_string()).collect();
    if written.is_empty() {
        return Ok(());
    }
    let values: &[Value<'_>] = &[&first, &last, &until, &written, &LINK_COMMANDS_MAX];
    let rows = session.query(include_str!("why_linked_near.sql"), values).await?;
    if rows.len() as i64 >= LINK_COMMANDS_MAX {
        // There may be another one of the same id.
        return Ok(());
    }
    for link in links.iter_mut().filter(|link| link.became.is_none()) {
        let is_of = |row: &&Row| {
            let attributes: Option<Attributes> = serde_json::from_str(row.get("attributes")).ok();
            attributes.is_some_and(|held| held.get(ce::ORIGINID) == Some(link.to.as_str()))
        };
        let mut same = rows.iter().filter(is_of);
        let one = same.next();
        let key = |row: &Row| row.get::<_, Vec<u8>>("door_key");
        let is_one = one.is_some_and(|one| same.all(|other| key(other) == key(one)));
        link.became = one.filter(|_| is_one).map(became);
        link.elsewhere = link.became.is_some();
    }
    Ok(())
}

fn became(row: &Row) -> Became {
    let (context, aggregate) = aggregate_of(row.get("subject")).unzip();
    Became {
        sequence: seq_back(row.get("seq")),
        id: row.get("id"),
        kind: row.get("kind"),
        context: context.map(str::to_owned),
        aggregate,
        recorded_at: Timestamp::from_nanos(row.get("recorded_at")),
    }
}

/// Where a command keeps the CDEvent that it was: a report of a run, a deployment, a fact.
const PLACES: [&str; 3] =
    ["/claim/rest/cdevent/context", "/deployment/rest/cdevent/context", "/data/context"];

/// The source of the CDEvent in a payload, and its links.
fn links_of(payload: &[u8]) -> Option<(String, Vec<(String, String)>)> {
    let payload: Json = serde_json::from_slice(payload).ok()?;
    let context = PLACES.iter().find_map(|place| payload.pointer(place))?;
    let source = context.get("source")?.as_str()?.to_owned();
    let links = context.get("links")?.as_array()?.iter().filter_map(|link| {
        let text = |key: &str| link.get(key).and_then(Json::as_str);
        let end = ["target", "from", "start", "end"].iter().find_map(|end| link.get(*end))?;
        let to = ["contextId", "domainId"].iter().find_map(|key| end.get(*key)?.as_str())?;
        let kind = text("linkKind").map(str::to_owned);
        let kind = kind.or_else(|| text("linkType").map(str::to_lowercase))?;
        Some((kind, to.to_owned()))
    });
    Some((source, links.collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn links_are_read_wherever_a_command_keeps_its_cdevent() {
        let context = json!({"source": "/forge/ci", "links": [
            {"linkType": "RELATION", "linkKind": "TRIGGER", "target": {"contextId": "c-1"}},
            {"linkType": "RELATION", "linkKind": "COMPOSITION", "target": {"domainId": "urn:x:1"}},
            {"linkType": "PATH", "from": {"contextId": "c-2"}}, {"linkType": "END"}, 7
        ]});
        let pairs = [("TRIGGER", "c-1"), ("COMPOSITION", "urn:x:1"), ("path", "c-2")];
        let pairs = pairs.map(|(kind, to)| (kind.to_owned(), to.to_owned())).to_vec();
        for payload in [
            json!({"claim": {"rest": {"cdevent": {"context": context}}}}),
            json!({"deployment": {"rest": {"cdevent": {"context": context}}}}),
            json!({"data": {"context": context}}),
        ] {
            let links = links_of(payload.to_string().as_bytes());
            assert_eq!(links, Some(("/forge/ci".to_owned(), pairs.clone())));
        }
        for none in ["{}", "no json", r#"{"data":{"context":{"source":"/s"}}}"#] {
            assert_eq!(links_of(none.as_bytes()), None);
        }
    }
}
