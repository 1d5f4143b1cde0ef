//! The fields of an object that came from outside, taken out one by one. What is not taken, for
//! being unknown or for not being what was expected there, is the rest and is kept as written.

use helmstream_schemas::{Timestamp, run::Moment};
use serde_json::{Map, Value};

/// An object of which some fields are known.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn new(held: Map<String, Value>) -> Self {
        Self(held)
    }

    /// A text, or a number as a text: FABER writes ids both ways. An empty one says nothing.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        let text = text(self.0.get(key)?)?;
        self.0.remove(key);
        Some(text)
    }

    /// The first of several names for one thing that holds a text.
    pub(super) fn first_text(&mut self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.text(key))
    }

    pub(super) fn moment(&mut self, key: &str) -> Option<Moment> {
        self.text(key).map(moment)
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        let flag = self.0.get(key)?.as_bool()?;
        self.0.remove(key);
        Some(flag)
    }

    /// A list that is not empty.
    pub(super) fn list(&mut self, key: &str) -> Option<Vec<Value>> {
        self.0.get(key)?.as_array().filter(|items| !items.is_empty())?;
        match self.0.remove(key) {
            Some(Value::Array(items)) => Some(items),
            _ => None,
        }
    }

    /// An object that is not empty.
    pub(super) fn object(&mut self, key: &str) -> Option<Map<String, Value>> {
        self.0.get(key)?.as_object().filter(|entries| !entries.is_empty())?;
        match self.0.remove(key) {
            Some(Value::Object(entries)) => Some(entries),
            _ => None,
        }
    }

    /// What has not been taken.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.0
    }

    /// Looks without taking.
    pub(super) fn peek(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Puts back what turned out to hold more than could be told of it.
    pub(super) fn put_back(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }
}

pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A time as it is written. A zone is never guessed.
pub(super) fn moment(text: String) -> Moment {
    Moment { at: Timestamp::parse(&text).ok(), text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_not_what_was_expected_stays_in_the_rest() {
        let Value::Object(held) = json!({
            "work_id": 77, "title": "", "at": "2026-03-01T10:00:00", "on": "yes", "list": [],
            "map": {"a": 1}, "gone": null
        }) else {
            panic!()
        };
        let mut fields = Fields::new(held);
        assert_eq!(fields.text("work_id").as_deref(), Some("77"));
        assert_eq!(fields.text("title"), None);
        assert_eq!(fields.text("gone"), None);
        let at = fields.moment("at").unwrap();
        assert_eq!((at.at, at.text.as_str()), (None, "2026-03-01T10:00:00"));
        assert_eq!((fields.flag("on"), fields.list("list")), (None, None));
        assert_eq!(fields.object("map").unwrap()["a"], 1);
        let rest = Value::Object(fields.rest());
        assert_eq!(rest, json!({"title": "", "on": "yes", "list": [], "gone": null}));
    }
}
