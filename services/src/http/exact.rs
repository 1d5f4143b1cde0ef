//! What the description says in the end of every schema and every answer, and no type says by itself:
//! how large a number can be, how long a text, that a list of places has no others, which headers an
//! answer has. It adds bounds that hold already, and decides none.

use helmstream_schemas::limits::ID_BYTES_MAX;
use serde_json::{Map, Value, json};

use crate::http::limits::{VALUE_CHARS_MAX, VALUES_MAX};

/// Makes a whole document exact.
pub(super) fn exact(document: &mut Value) {
    bounded(document);
    // In characters, which are no more than the bytes that are counted.
    if let Some(Value::Object(id)) = document.pointer_mut("/components/schemas/Id") {
        id.insert("minLength".into(), json!(1));
        id.insert("maxLength".into(), json!(ID_BYTES_MAX));
    }
    let schemas = document["components"]["schemas"].clone();
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    let operations = paths.filter_map(Value::as_object_mut).flat_map(Map::values_mut);
    for operation in operations {
        let parameters =
            operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten();
        for parameter in parameters.filter(|parameter| parameter["in"] != "header") {
            in_place(&mut parameter["schema"], &schemas);
            value(&mut parameter["schema"]);
        }
        let responses = operation["responses"].as_object_mut().into_iter().flatten();
        for (status, response) in responses {
            if let Some((name, header)) = header(status) {
                response["headers"][name] = header;
            }
        }
    }
}

/// Numbers as large as their types, and lists without further members.
fn bounded(schema: &mut Value) {
    match schema {
        Value::Object(entries) => {
            if entries.contains_key("prefixItems") && !entries.contains_key("items") {
                entries.insert("items".into(), json!({ "not": {} }));
            }
            let largest = match entries.get("format").and_then(Value::as_str) {
                Some("uint8") => Some(json!(u8::MAX)),
                Some("uint16") => Some(json!(u16::MAX)),
                Some("uint32") => Some(json!(u32::MAX)),
                Some("uint64") => Some(json!(u64::MAX)),
                _ => None,
            };
            if let Some(largest) = largest {
                entries.entry("maximum").or_insert(largest);
            }
            entries.values_mut().for_each(bounded);
        }
        Value::Array(members) => members.iter_mut().for_each(bounded),
        _ => {}
    }
}

/// The schema of a parameter where it stands: whoever writes one reads no further for a few words.
fn in_place(schema: &mut Value, schemas: &Value) {
    let path = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/components/schemas/"));
    if let Some(named) = path.map(|name| schemas[name].clone()) {
        *schema = named;
    }
    let parts = schema.as_object_mut().into_iter().flat_map(Map::iter_mut);
    for (_, part) in parts.filter(|(word, _)| matches!(word.as_str(), "anyOf" | "items")) {
        match part {
            Value::Array(any) => any.iter_mut().for_each(|schema| in_place(schema, schemas)),
            items => in_place(items, schemas),
        }
    }
}

/// A value of a path or a query: what `reading` takes at most.
fn value(schema: &mut Value) {
    let Some(entries) = schema.as_object_mut() else { return };
    if let Some(Value::Array(any)) = entries.get_mut("anyOf") {
        any.iter_mut().for_each(value);
    }
    match entries.get("type").and_then(Value::as_str) {
        Some("array") => {
            entries.entry("maxItems").or_insert(json!(VALUES_MAX));
            entries.entry("items").and_modify(value);
        }
        Some("string") => {
            let is_bounded = ["enum", "const", "format", "pattern"]
                .iter()
                .any(|word| entries.contains_key(*word));
            if !is_bounded {
                entries.entry("minLength").or_insert(json!(1));
                entries.entry("maxLength").or_insert(json!(VALUE_CHARS_MAX));
                entries.insert("pattern".into(), json!("^[^\\u0000]*$"));
            }
        }
        _ => {}
    }
}

/// The header that answers of a status have.
fn header(status: &str) -> Option<(&'static str, Value)> {
    let header =
        |description: &str, schema: Value| json!({ "description": description, "schema": schema });
    match status {
        "202" => {
            let what = "Where it will be told what became of it.";
            Some(("Location", header(what, json!({ "type": "string", "format": "uri-reference" }))))
        }
        "401" => {
            let what = "How to say who asks.";
            Some(("WWW-Authenticate", header(what, json!({ "type": "string" }))))
        }
        "429" | "503" => {
            let what = "In how many seconds to ask again.";
            Some(("Retry-After", header(what, json!({ "type": "integer", "minimum": 1 }))))
        }
        _ => None,
    }
}
