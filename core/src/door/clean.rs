//! Takes secrets and personal values out of what is published, before anything is stored. A
//! secret is gone for good; a personal value leaves an opaque id in its place, the same one every
//! time, and the pair is handed out so that it can be kept where it can be erased.

use std::{collections::BTreeSet, sync::LazyLock};

use helmstream_schemas::run::Removal;
use hmac::{Hmac, KeyInit, Mac};
use regex::Regex;
use serde_json::{Map, Value};
use sha2::Sha256;

use super::secrets;

/// A personal value and the opaque id that stands for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Person {
    pub id: String,
    pub value: String,
}

/// What is left of a message, and what was taken out of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cleaned {
    pub value: Value,
    pub removed: Vec<Removal>,
    pub people: Vec<Person>,
}

/// Keys whose text is the name of a person.
const PERSONAL_KEYS: [&str; 9] = [
    "user",
    "username",
    "email",
    "author",
    "assignee",
    "reviewer",
    "approver",
    "created_by",
    "provided_by",
];

const OPAQUE: &str = "person:";

/// An address, but not the `git@` of a repository's URL.
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
        .expect("the form is well formed")
});

/// Cleans under the plane's key for people.
#[derive(Clone)]
pub struct Cleaner {
    key: Hmac<Sha256>,
}

impl Cleaner {
    /// Under a key of any length; 32 random bytes are right.
    pub fn new(key: &[u8]) -> Self {
        Self { key: Hmac::new_from_slice(key).expect("HMAC takes a key of any length") }
    }

    /// Cleans a whole value, keys of objects included.
    pub fn clean(&self, value: Value) -> Cleaned {
        self.clean_also(value, &[])
    }

    /// Cleans a whole value in which further keys hold the name of a person, or a list of them.
    pub fn clean_also(&self, value: Value, personal: &[&str]) -> Cleaned {
        let mut found = Found { personal, removed: BTreeSet::new(), people: BTreeSet::new() };
        let value = self.value(value, "", &mut found);
        Cleaned {
            value,
            removed: found.removed.into_iter().collect(),
            people: found.people.into_iter().collect(),
        }
    }

    /// Cleans one text, as it is to be shown.
    pub fn text(&self, text: &str) -> String {
        match self.clean(Value::String(text.to_owned())).value {
            Value::String(cleaned) => cleaned,
            _ => String::new(),
        }
    }

    fn value(&self, value: Value, at: &str, found: &mut Found<'_>) -> Value {
        match value {
            Value::String(text) => Value::String(self.string(text, at, found)),
            Value::Array(items) => {
                let each = items.into_iter().enumerate();
                each.map(|(index, item)| self.value(item, &format!("{at}/{index}"), found))
                    .collect()
            }
            Value::Object(entries) => Value::Object(self.object(entries, at, found)),
            other => other,
        }
    }

    fn object(
        &self,
        entries: Map<String, Value>,
        at: &str,
        found: &mut Found<'_>,
    ) -> Map<String, Value> {
        let mut cleaned = Map::new();
        for (key, value) in entries {
            let mut name = self.string(key.clone(), at, found);
            while cleaned.contains_key(&name) {
                name.push('_');
            }
            let here = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            let value = match value {
                Value::String(_) | Value::Number(_) if secrets::is_secret_key(&key) => {
                    found.note(&here, "secret_by_name");
                    Value::String("[removed: secret_by_name]".into())
                }
                Value::String(text) if found.is_personal(&key) && !text.is_empty() => {
                    Value::String(self.person(text, &here, found))
                }
                Value::Array(items) if found.is_listed(&key) => {
                    items.into_iter().map(|item| self.listed(item, &here, found)).collect()
                }
                other => self.value(other, &here, found),
            };
            cleaned.insert(name, value);
        }
        cleaned
    }

    fn string(&self, text: String, at: &str, found: &mut Found<'_>) -> String {
        let mut text = match secrets::remove(&text) {
            Some((cleaned, kinds)) => {
                kinds.into_iter().for_each(|kind| found.note(at, kind));
                cleaned
            }
            None => text,
        };
        if text.contains('@') {
            let replaced = EMAIL.replace_all(&text, |address: &regex::Captures<'_>| {
                let address = &address[0];
                if address.starts_with("git@") {
                    return address.to_owned();
                }
                found.note(at, "email_address");
                self.opaque(address, found)
            });
            text = replaced.into_owned();
        }
        text
    }

    fn listed(&self, item: Value, at: &str, found: &mut Found<'_>) -> Value {
        match item {
            Value::String(text) if !text.is_empty() => Value::String(self.person(text, at, found)),
            other => self.value(other, at, found),
        }
    }

    fn person(&self, text: String, at: &str, found: &mut Found<'_>) -> String {
        if text.starts_with(OPAQUE) {
            return self.string(text, at, found);
        }
        found.note(at, "personal_name");
        self.opaque(&text, found)
    }

    /// The same id for the same value however it is capitalised.
    fn opaque(&self, value: &str, found: &mut Found<'_>) -> String {
        let mut mac = self.key.clone();
        mac.update(value.trim().to_lowercase().as_bytes());
        let digest = mac.finalize().into_bytes();
        let id: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let id = format!("{OPAQUE}{id}");
        found.people.insert(Person { id: id.clone(), value: value.to_owned() });
        id
    }
}

struct Found<'a> {
    /// Keys that are personal in this value only.
    personal: &'a [&'a str],
    removed: BTreeSet<Removal>,
    people: BTreeSet<Person>,
}

impl Found<'_> {
    fn note(&mut self, at: &str, what: &str) {
        self.removed.insert(Removal { at: at.to_owned(), what: what.to_owned() });
    }

    fn is_personal(&self, key: &str) -> bool {
        PERSONAL_KEYS.iter().any(|personal| key.eq_ignore_ascii_case(personal))
            || self.is_listed(key)
    }

    fn is_listed(&self, key: &str) -> bool {
        self.personal.iter().any(|personal| key.eq_ignore_ascii_case(personal))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn clean(value: Value) -> Cleaned {
        Cleaner::new(b"key").clean(value)
    }

    #[test]
    fn people_become_the_same_opaque_id_wherever_they_are_named() {
        let cleaned = clean(json!({
            "user": "dana", "metadata": {"Author": "Dana ", "note": "ask Dana@Example.com, then dana@example.com"}
        }));
        let id = cleaned.value["user"].as_str().unwrap();
        assert!(id.starts_with("person:") && id.len() == 39, "{id}");
        assert_eq!(cleaned.value["metadata"]["Author"], id);
        let text = cleaned.value.to_string();
        assert!(!text.to_lowercase().contains("dana"), "{text}");
        let whats: Vec<_> =
            cleaned.removed.iter().map(|r| (r.at.as_str(), r.what.as_str())).collect();
        assert_eq!(
            whats,
            [
                ("/metadata/Author", "personal_name"),
                ("/metadata/note", "email_address"),
                ("/user", "personal_name")
            ]
        );
        assert!(cleaned.people.iter().any(|person| person.value == "dana" && person.id == id));
    }

    #[test]
    fn another_key_gives_other_ids() {
        let other = Cleaner::new(b"other").clean(json!({"user": "dana"}));
        assert_ne!(clean(json!({"user": "dana"})).value, other.value);
    }

    #[test]
    fn secrets_go_wherever_they_stand_keys_included() {
        let token = format!("gh{}_{}", "p", "a1".repeat(18));
        let cleaned = clean(json!({
            "message": format!("pushed with {token}"), "list": [{"password": "x", "token": 7}],
            token.clone(): 1, "a/b": {"secret": ""}
        }));
        assert!(!cleaned.value.to_string().contains(&token));
        assert_eq!(cleaned.value["list"][0]["password"], "[removed: secret_by_name]");
        assert_eq!(cleaned.value["list"][0]["token"], "[removed: secret_by_name]");
        assert!(cleaned.removed.iter().any(|r| r.at == "/a~1b/secret"));
        assert!(cleaned.removed.iter().any(|r| r.at == "/message" && r.what == "github_token"));
    }

    #[test]
    fn two_keys_that_clean_to_the_same_both_stay() {
        let cleaned = clean(json!({"a@b.example": 1, "A@b.example": 2}));
        assert_eq!(cleaned.value.as_object().unwrap().len(), 2);
    }

    #[test]
    fn cleaning_twice_is_cleaning_once_and_plain_content_stays() {
        let plain = json!({"run_id": "acme/shop", "url": "git@github.example:acme/shop.git", "n": [1, null, true]});
        assert_eq!(clean(plain.clone()).value, plain);
        let once = clean(json!({"user": "dana", "message": "dana@example.com"}));
        let twice = clean(once.value.clone());
        assert_eq!(twice.value, once.value);
        assert_eq!(twice.removed, []);
    }
}
