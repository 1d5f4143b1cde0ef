//! What changed in a view between two moments: the view as of both, compared row by row. A row that
//! changed says the position of what changed it last, so only those are looked at.

use std::collections::BTreeMap;

use helmstream_schemas::{Id, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rows_limit;
use crate::{
    columns::{seq, seq_back},
    database::Database,
    error::ProjectionError,
    past::Past,
    views::View,
};

/// A row of a view that is not what it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ViewChange")]
pub struct Change {
    pub view: String,
    /// The aggregate; with what else tells rows of the view apart.
    pub id: String,
    pub change: Kind,
    /// Position of the event that changed it last.
    pub last_seq: u64,
    /// What is not what it was, by its name.
    pub fields: BTreeMap<String, Field>,
}

/// What became of a row. None is ever removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ChangeKind")]
pub enum Kind {
    Added,
    Changed,
}

/// A field then and now; null where there was or is nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChangedField")]
pub struct Field {
    pub before: Value,
    pub after: Value,
}

/// Lists what changed in a view between `from` and `to` by events behind position `after`, in the
/// order of the log: `limit` rows, and those that the last event changed as well. `database` is
/// that of the role `past`.
pub async fn changes(
    database: &Database,
    from: &Past,
    to: &Past,
    after: u64,
    limit: u32,
) -> Result<Vec<Change>, ProjectionError> {
    let view = to.projection;
    let key = View::named(view).and_then(|view| view.key);
    let key = key.ok_or(ProjectionError::NotSetUp { view })?;
    let compare = include_str!("changes.sql")
        .replace("{key}", key)
        .replace("{from}", &from.table())
        .replace("{to}", &to.table());
    let mut session = Past::moment_of_both(database, from, to).await?;
    let (after, limit) = (seq(after.max(from.sequence)), rows_limit(limit));
    let rows = session.query(&compare, &[&after, &limit]).await?;
    session.end().await?;
    let changes = rows.iter().map(|row| {
        let before: Option<&str> = row.get("before");
        let before = before.map(|text| fields(view, text)).transpose()?;
        let after = fields(view, row.get("after"))?;
        let change = if before.is_some() { Kind::Changed } else { Kind::Added };
        Ok(Change {
            view: view.to_owned(),
            id: named(key, &after),
            change,
            last_seq: seq_back(row.get("last_seq")),
            fields: differing(key, &before.unwrap_or_default(), &after),
        })
    });
    let mut changes = changes.collect::<Result<Vec<Change>, ProjectionError>>()?;
    changes.sort_by(|one, other| (one.last_seq, &one.id).cmp(&(other.last_seq, &other.id)));
    Ok(changes)
}

/// The columns of a row, for people to read.
fn fields(view: &'static str, row: &str) -> Result<Map<String, Value>, ProjectionError> {
    let row: Map<String, Value> = serde_json::from_str(row)
        .map_err(|error| ProjectionError::Row { table: view, detail: error.to_string() })?;
    Ok(row.into_iter().map(|(name, value)| (name.clone(), readable(&name, value))).collect())
}

/// Identities stand as tokens, instants as numbers, and what a fold has to remember as JSON.
fn readable(name: &str, value: Value) -> Value {
    match (name, value) {
        ("id" | "name" | "run" | "merged_into", Value::String(token)) => {
            Id::from_token(&token).map_or(token, |id| id.as_str().to_owned()).into()
        }
        (name, Value::Number(nanos)) if name.ends_with("_at") => {
            nanos.as_i64().map(|nanos| Timestamp::from_nanos(nanos).to_string()).into()
        }
        (_, Value::String(text)) if text.starts_with('{') => {
            serde_json::from_str(&text).unwrap_or(Value::String(text))
        }
        (_, value) => value,
    }
}

fn named(key: &str, row: &Map<String, Value>) -> String {
    let parts = key.split(", ").map(|column| row.get(column).and_then(Value::as_str));
    parts.map(Option::unwrap_or_default).collect::<Vec<_>>().join(" ")
}

/// What differs, by the names of columns; of what a fold remembers only if nothing else does, and
/// the position alone if that does not either.
fn differing(
    key: &str,
    before: &Map<String, Value>,
    after: &Map<String, Value>,
) -> BTreeMap<String, Field> {
    let is_told = |name: &str| name != "last_seq" && !key.split(", ").any(|column| column == name);
    let mut plain = BTreeMap::new();
    let mut remembered = BTreeMap::new();
    for (name, after) in after.iter().filter(|(name, _)| is_told(name)) {
        let before = before.get(name).unwrap_or(&Value::Null);
        if before == after {
            continue;
        }
        if let Value::Object(later) = after {
            let earlier = before.as_object();
            let names = later.keys().chain(earlier.into_iter().flat_map(Map::keys));
            for inner in names.filter(|inner| is_told(inner)) {
                let of = |held: Option<&Map<String, Value>>| {
                    held.and_then(|held| held.get(inner)).cloned().unwrap_or_default()
                };
                let field = Field { before: of(earlier), after: of(Some(later)) };
                if field.before != field.after {
                    remembered.insert(format!("{name}.{inner}"), field);
                }
            }
        } else {
            plain.insert(name.clone(), Field { before: before.clone(), after: after.clone() });
        }
    }
    if !plain.is_empty() {
        return plain;
    }
    if remembered.is_empty() {
        // An event that it takes note of and that says nothing new.
        let of = |row: &Map<String, Value>| row.get("last_seq").cloned().unwrap_or_default();
        let field = Field { before: of(before), after: of(after) };
        return BTreeMap::from([("last_seq".to_owned(), field)]);
    }
    remembered
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(value: Value) -> Map<String, Value> {
        fields("run", &value.to_string()).unwrap()
    }

    #[test]
    fn what_differs_is_told_by_column_and_readably() {
        let before = row(json!({"id": "a", "status": "running", "ended_at": null, "last_seq": 3,
            "state": "{\"lives\":1}"}));
        let after = row(json!({"id": "a", "status": "completed", "ended_at": 1_000_000_000_i64,
            "last_seq": 9, "state": "{\"lives\":2}"}));
        let told = differing("id", &before, &after);
        assert_eq!(told.keys().collect::<Vec<_>>(), ["ended_at", "status"]);
        assert_eq!(told["status"], Field { before: json!("running"), after: json!("completed") });
        assert_eq!(told["ended_at"].after, json!("1970-01-01T00:00:01Z"));
    }

    #[test]
    fn what_a_fold_remembers_is_told_where_nothing_else_differs() {
        let before =
            row(json!({"id": "a", "last_seq": 3, "state": "{\"a\":1,\"b\":[1],\"last_seq\":3}"}));
        let after =
            row(json!({"id": "a", "last_seq": 9, "state": "{\"a\":1,\"c\":true,\"last_seq\":9}"}));
        let told = differing("id", &before, &after);
        assert_eq!(told.keys().collect::<Vec<_>>(), ["state.b", "state.c"]);
        assert_eq!(told["state.b"], Field { before: json!([1]), after: Value::Null });
    }

    #[test]
    fn a_row_that_an_event_only_touched_says_by_which_one() {
        let told = differing(
            "id",
            &row(json!({"id": "a", "last_seq": 3})),
            &row(json!({"id": "a", "last_seq": 4})),
        );
        assert_eq!(told["last_seq"], Field { before: json!(3), after: json!(4) });
    }

    #[test]
    fn a_row_that_is_new_says_everything_that_it_has() {
        let after =
            row(json!({"context": "run", "id": "a", "purpose": "stalled", "state": "armed",
            "due_at": null, "last_seq": 9}));
        let told = differing("context, id, purpose", &Map::new(), &after);
        assert_eq!(told.keys().collect::<Vec<_>>(), ["state"]);
        assert_eq!(named("context, id, purpose", &after), "run a stalled");
    }
}
