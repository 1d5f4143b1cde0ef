//! As much of JSON Schema as the CDEvents specification uses. A keyword that is not known here is a
//! failure and not a success.

use std::{
    fs,
    path::{Path, PathBuf},
};

use helmstream_schemas::Timestamp;
use regex::Regex;
use serde_json::Value;

/// The specification's files, if somebody has put them beside the repository.
pub(crate) fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/cdevents/0.4.1");
    if folder.is_dir() {
        return Some(folder);
    }
    // Past the test runner, which keeps to itself what a test that passes prints.
    let said = format!("SKIPPED: there are no files of CDEvents at {}\n", folder.display());
    let _ = std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes());
    None
}

pub(crate) fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// The schema of a type.
pub(crate) fn of_type(folder: &Path, kind: &str) -> Value {
    let words: Vec<&str> = kind.split('.').collect();
    match words[1] {
        "cdeventsx" => json(&folder.join("custom/schema.json")),
        _ => json(&folder.join(format!("schemas/{}{}.json", words[2], words[3]))),
    }
}

/// What is wrong with a value, and where.
pub(crate) fn faults(folder: &Path, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut faults = Vec::new();
    for (keyword, said) in schema.as_object().expect("a schema is an object") {
        let good = match keyword.as_str() {
            "$schema" | "$id" | "description" | "default" | "example" | "examples"
            | "contentEncoding" => true,
            "type" => is(said.as_str().expect("a type"), value),
            "enum" => said.as_array().expect("a list").contains(value),
            "minLength" => value
                .as_str()
                .is_none_or(|text| text.len() as u64 >= said.as_u64().expect("a number")),
            "pattern" => {
                let pattern = Regex::new(said.as_str().expect("a pattern")).expect("a pattern");
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "format" => {
                value.as_str().is_none_or(|text| has_form(said.as_str().expect("a form"), text))
            }
            "required" => {
                let names = said.as_array().expect("a list").iter().filter_map(Value::as_str);
                names.into_iter().all(|name| value.get(name).is_some())
            }
            "properties" => {
                for (name, schema) in said.as_object().expect("an object") {
                    if let Some(value) = value.get(name) {
                        faults.extend(self::faults(folder, schema, value, &format!("{at}/{name}")));
                    }
                }
                true
            }
            "additionalProperties" if said == false => {
                let known = schema["properties"].as_object().expect("properties");
                value.as_object().is_none_or(|held| held.keys().all(|key| known.contains_key(key)))
            }
            "additionalProperties" => true,
            "items" => {
                let items = value.as_array().into_iter().flatten().enumerate();
                for (index, item) in items {
                    faults.extend(self::faults(folder, said, item, &format!("{at}/{index}")));
                }
                true
            }
            "$ref" => {
                let name = said.as_str().expect("a reference").rsplit('/').next().expect("a name");
                let there = json(&folder.join(format!("schemas/links/{name}.json")));
                faults.extend(self::faults(folder, &there, value, at));
                true
            }
            "oneOf" | "anyOf" => {
                let all = said.as_array().expect("a list");
                let good = all.iter().filter(|one| self::faults(folder, one, value, at).is_empty());
                let good = good.count();
                if keyword == "oneOf" { good == 1 } else { good > 0 }
            }
            unknown => panic!("{at}: the keyword {unknown} is not known here"),
        };
        if !good {
            faults.push(format!("{at}: {value} is not {keyword} {said}"));
        }
    }
    faults
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        other => panic!("the type {other} is not known here"),
    }
}

fn has_form(form: &str, text: &str) -> bool {
    let plain = text.chars().all(|c| c.is_ascii_graphic() && !r#"<>"{}|\^`"#.contains(c));
    match form {
        "date-time" => Timestamp::parse(text).is_ok(),
        "uri-reference" => plain,
        "uri" => plain && text.contains(':'),
        other => panic!("the form {other} is not known here"),
    }
}
