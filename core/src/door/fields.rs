//! The fields of an object that came from outside, taken out one by one. What is not taken, for
//! being unknown or for not being what was expected there, is the rest and is kept as written.

use helmstream_schemas::{Timestamp, run::Moment};
use serde_json::{Map, Value};

/// An object of which some fields are known, whatever the case their names are written in.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn new(held: Map<String, Value>) -> Self {
        Self(held)
    }

    /// A text, or a number as a text: FABER writes ids both ways. An empty one says nothing.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.take(key, text)
    }

    /// The first of several names for one thing that holds a text.
    pub(super) fn first_text(&mut self, keys: &[&str]) -> Option<String> {
        keys.iter().find_map(|key| self.text(key))
    }

    pub(super) fn moment(&mut self, key: &str) -> Option<Moment> {
        self.text(key).map(moment)
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        self.take(key, Value::as_bool)
    }

    /// A list that is not empty.
    pub(super) fn list(&mut self, key: &str) -> Option<Vec<Value>> {
        self.take(key, |value| value.as_array().filter(|items| !items.is_empty()).cloned())
    }

    /// An object that is not empty.
    pub(super) fn object(&mut self, key: &str) -> Option<Map<String, Value>> {
        self.take(key, |value| value.as_object().filter(|entries| !entries.is_empty()).cloned())
    }

    /// What has not been taken.
    pub(super) fn rest(self) -> Map<String, Value> {
        self.0
    }

    /// Looks without taking.
    pub(super) fn peek(&self, key: &str) -> Option<&Value> {
        self.0.get(&self.written(key)?)
    }

    /// Takes a field if it is what it should be.
    fn take<T>(&mut self, key: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let key = self.written(key)?;
        let taken = read(self.0.get(&key)?)?;
        self.0.remove(&key);
        Some(taken)
    }

    /// The name of a field as it is written.
    fn written(&self, key: &str) -> Option<String> {
        let exact = self.0.contains_key(key).then(|| key.to_owned());
        exact.or_else(|| self.0.keys().find(|name| name.eq_ignore_ascii_case(key)).cloned())
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
            "map": {"a": 1}, "gone": null, "Status": "OPEN"
        }) else {
            panic!()
        };
        let mut fields = Fields::new(held);
        assert_eq!(fields.text("work_id").as_deref(), Some("77"));
        assert_eq!(fields.text("title"), None);
        assert_eq!(fields.text("gone"), None);
        assert_eq!(fields.text("status").as_deref(), Some("OPEN"));
        let at = fields.moment("at").unwrap();
        assert_eq!((at.at, at.text.as_str()), (None, "2026-03-01T10:00:00"));
        assert_eq!((fields.flag("on"), fields.list("list")), (None, None));
        assert_eq!(fields.object("map").unwrap()["a"], 1);
        let rest = Value::Object(fields.rest());
        assert_eq!(rest, json!({"title": "", "on": "yes", "list": [], "gone": null}));
    }
}
