//! Which generated files there should be, and how what is there differs from it.
//!
//! Pure: files come in and go out as maps from path (below `schemas/`) to text. Samples are
//! append-only: a stored one stays for ever, because a log may hold a message like it; when a word
//! changes, a sample with the next number is added.

use std::collections::BTreeMap;

use helmstream_schemas::catalog::Word;
use serde_json::{Map, Value};

use super::asyncapi::{Stream, UnknownSubject, asyncapi};
use super::sample::{SampleError, sample};

pub(crate) type Files = BTreeMap<String, String>;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Difference {
    Missing,
    Stale,
    Superfluous,
}

#[derive(Debug)]
pub(crate) enum PlanError {
    Sample {
        kind: String,
        error: SampleError,
    },
    /// The sample made from the schema is none: type and schema disagree.
    Undecodable {
        kind: String,
        error: String,
    },
    Subject(UnknownSubject),
}

/// Where the word's JSON Schema is, below `schemas/`.
pub(crate) fn schema_path(word: &Word) -> String {
    format!("json/{}/{}.{}.json", word.context, word.role.name(), word.name)
}

/// All files as they should be, given those that are there.
pub(crate) fn wanted(
    words: &[Word],
    streams: &[Stream],
    present: &Files,
) -> Result<Files, PlanError> {
    let mut wanted = Files::new();
    wanted.insert(
        "asyncapi.json".into(),
        render(asyncapi(streams, words).map_err(PlanError::Subject)?),
    );
    for word in words {
        wanted.insert(schema_path(word), render(without_unused_definitions(&word.schema)));
        let (path, text) = newest_sample(word, present)?;
        wanted.insert(path, text);
    }
    Ok(wanted)
}

/// In the order of their paths. A sample is never superfluous.
pub(crate) fn differences(wanted: &Files, present: &Files) -> BTreeMap<String, Difference> {
    let lacking = wanted.iter().filter_map(|(path, text)| match present.get(path) {
        None => Some((path.clone(), Difference::Missing)),
        Some(there) => (there != text).then(|| (path.clone(), Difference::Stale)),
    });
    let superfluous = present
        .keys()
        .filter(|path| !wanted.contains_key(*path) && !path.starts_with("samples/"))
        .map(|path| (path.clone(), Difference::Superfluous));
    lacking.chain(superfluous).collect()
}

/// The stored sample with the highest number if it is still what we would make, else a new one
/// after it.
fn newest_sample(word: &Word, present: &Files) -> Result<(String, String), PlanError> {
    let kind = || word.kind.clone();
    let made = sample(&word.schema, &word.name)
        .map_err(|error| PlanError::Sample { kind: kind(), error })?;
    (word.decodes)(&word.name, made.to_string().as_bytes())
        .map_err(|error| PlanError::Undecodable { kind: kind(), error: error.to_string() })?;

    let stem = format!("samples/{}/{}.{}.", word.context, word.role.name(), word.name);
    let number = |path: &str| path.strip_prefix(&stem)?.strip_suffix(".json")?.parse::<u32>().ok();
    let newest = present.iter().filter_map(|(path, text)| Some((number(path)?, text))).max();
    let at = |number: u32| format!("{stem}{number}.json");
    Ok(match newest {
        Some((number, text))
            if serde_json::from_str::<Value>(text).is_ok_and(|stored| stored == made) =>
        {
            (at(number), text.clone())
        }
        Some((number, _)) => (at(number + 1), render(made)),
        None => (at(1), render(made)),
    })
}

/// The catalog hands every word all definitions of its context; a file keeps those that it leads
/// to.
fn without_unused_definitions(schema: &Value) -> Value {
    let mut schema = schema.clone();
    let Some(Value::Object(all)) = schema.as_object_mut().and_then(|object| object.remove("$defs"))
    else {
        return schema;
    };
    let mut used = Map::new();
    let mut open = references(&schema);
    while let Some(name) = open.pop() {
        if let Some(definition) = all.get(&name).filter(|_| !used.contains_key(&name)) {
            open.extend(references(definition));
            used.insert(name, definition.clone());
        }
    }
    if !used.is_empty() {
        schema["$defs"] = Value::Object(used);
    }
    schema
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let own = object
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|to| to.strip_prefix("#/$defs/"));
            own.map(str::to_string)
                .into_iter()
                .chain(object.values().flat_map(references))
                .collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// Sorted by key, so that a feature some dependency turns on in serde_json cannot reorder what is
/// checked in.
fn render(mut value: Value) -> String {
    value.sort_all_objects();
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::catalog::Role;
    use serde_json::json;

    use super::*;

    fn word(schema: Value) -> Word {
        Word {
            context: "run".into(),
            role: Role::Event,
            name: "started".into(),
            kind: "helmstream.run.started.v1".into(),
            schema,
            decodes: |_, _| Ok(()),
        }
    }

    fn started(property: &str) -> Word {
        word(json!({"type": "object", "properties": {property: {"type": "integer"}}}))
    }

    /// What is there after a codegen of this word over what was there.
    fn generated(word: Word, mut present: Files) -> Files {
        let wanted = wanted(&[word], &[], &present).unwrap();
        for (path, how) in differences(&wanted, &present) {
            if how == Difference::Superfluous {
                present.remove(&path);
            }
        }
        present.extend(wanted);
        present
    }

    #[test]
    fn a_word_becomes_a_schema_and_a_first_sample_and_then_nothing_more() {
        let files = generated(started("phase"), Files::new());
        let paths: Vec<&String> = files.keys().collect();
        assert_eq!(
            paths,
            ["asyncapi.json", "json/run/event.started.json", "samples/run/event.started.1.json"]
        );
        assert_eq!(files["samples/run/event.started.1.json"], "{\n  \"phase\": 1\n}\n");

        let again = wanted(&[started("phase")], &[], &files).unwrap();
        assert!(differences(&again, &files).is_empty());
    }

    #[test]
    fn a_changed_word_makes_its_schema_stale_and_adds_a_sample_beside_the_old_one() {
        let files = generated(started("phase"), Files::new());
        let changed = wanted(&[started("stage")], &[], &files).unwrap();
        let expected = [
            ("json/run/event.started.json", Difference::Stale),
            ("samples/run/event.started.2.json", Difference::Missing),
        ];
        assert_eq!(
            differences(&changed, &files),
            expected.map(|(path, how)| (path.to_string(), how)).into()
        );

        let after = generated(started("stage"), files.clone());
        assert_eq!(
            after["samples/run/event.started.1.json"],
            files["samples/run/event.started.1.json"]
        );
    }

    #[test]
    fn the_tenth_sample_is_newer_than_the_ninth() {
        let stored = |number: u32, text: &str| {
            (format!("samples/run/event.started.{number}.json"), text.to_string())
        };
        let present = Files::from([stored(9, "{\"phase\": 2}"), stored(10, "{\"phase\":1}")]);
        let wanted = wanted(&[started("phase")], &[], &present).unwrap();
        assert!(wanted.contains_key("samples/run/event.started.10.json"), "{:?}", wanted.keys());
    }

    #[test]
    fn a_schema_without_a_word_is_superfluous_and_a_sample_without_one_stays() {
        let gone = ["json/run/event.gone.json", "samples/run/event.gone.1.json"];
        let present: Files = gone.map(|path| (path.to_string(), "{}".to_string())).into();
        let differences = differences(&Files::new(), &present);
        assert_eq!(differences, BTreeMap::from([(gone[0].to_string(), Difference::Superfluous)]));
    }

    #[test]
    fn a_schema_keeps_only_the_definitions_it_leads_to() {
        let schema = json!({"$ref": "#/$defs/A", "$defs": {
            "A": {"items": {"$ref": "#/$defs/B"}}, "B": {"items": {"$ref": "#/$defs/A"}}, "C": {"type": "string"},
        }});
        let kept = without_unused_definitions(&schema);
        assert_eq!(kept["$defs"].as_object().unwrap().keys().collect::<Vec<_>>(), ["A", "B"]);
    }

    #[test]
    fn a_sample_that_its_own_type_refuses_stops_everything() {
        let mut word = started("phase");
        word.decodes = |name, _| {
            let source = serde_json::from_str::<u8>("x").unwrap_err();
            Err(helmstream_schemas::words::WordError { name: name.into(), source })
        };
        assert!(matches!(wanted(&[word], &[], &Files::new()), Err(PlanError::Undecodable { .. })));
    }
}
