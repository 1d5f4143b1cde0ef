//! A CloudEvent in the JSON event format, version 1.0: its required attributes, and what is made
//! of one whose type has no meaning here.

use helmstream_schemas::{
    Hash, Id, Timestamp, attributes::SPECVERSION, external::ExternalFact,
    limits::ATTRIBUTE_BYTES_MAX, run::Removal,
};
use serde_json::{Map, Value};

use super::Dead;

/// A CloudEvent, read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CloudEvent {
    pub(super) id: String,
    pub(super) source: String,
    pub(super) kind: String,
    pub(super) time: Option<Timestamp>,
    /// All other attributes.
    pub(super) attributes: Map<String, Value>,
    pub(super) data: Option<Value>,
}

/// The door's key of a message, from what the publisher itself wrote.
pub(super) fn key(publisher: &str, raw: &Value) -> Result<Hash, Dead> {
    let event = raw.as_object().ok_or_else(|| {
        missing(&format!("a CloudEvent is an object, and this is {}", kind_of(raw)))
    })?;
    match event.get("specversion") {
        Some(Value::String(version)) if version == SPECVERSION => {}
        Some(Value::String(_)) => {
            return Err(Dead::new(
                "wrong_specversion",
                "attribute `specversion` names another version of CloudEvents",
                "publish CloudEvents 1.0: \"specversion\": \"1.0\"",
            ));
        }
        Some(other) => return Err(wrong("specversion", "a text", other)),
        None => return Err(missing("attribute `specversion` is missing")),
    }
    let [id, source, _] = ["id", "source", "type"].map(|name| text(event, name));
    Ok(Hash::of_parts(&[publisher, source?, id?]))
}

/// Reads a message that has a key; it has been cleaned since.
pub(super) fn read(value: Value) -> Result<CloudEvent, Dead> {
    let Value::Object(mut event) = value else {
        return Err(missing("a CloudEvent is an object"));
    };
    let [id, source, kind] =
        ["id", "source", "type"].map(|name| text(&event, name).map(str::to_owned));
    let (id, source, kind) = (id?, source?, kind?);
    let time = match event.get("time") {
        None | Some(Value::Null) => None,
        Some(Value::String(text)) => Some(Timestamp::parse(text).map_err(|error| {
            Dead::new(
                "bad_time",
                format!("attribute `time`: {error}"),
                "write RFC 3339 with a zone",
            )
        })?),
        Some(other) => return Err(wrong("time", "a text", other)),
    };
    let data = event.remove("data");
    let encoded = event.remove("data_base64");
    if data.is_some() && encoded.is_some() {
        return Err(Dead::new(
            "two_data",
            "`data` and `data_base64` stand side by side",
            "write one of them",
        ));
    }
    for name in ["specversion", "id", "source", "type", "time"] {
        event.remove(name);
    }
    for (name, value) in &event {
        if matches!(value, Value::Object(_) | Value::Array(_)) {
            return Err(wrong(name, "a text, a number or a truth value", value));
        }
        if value.as_str().is_some_and(|text| text.len() > ATTRIBUTE_BYTES_MAX) {
            return Err(long(name));
        }
    }
    if let Some(encoded) = encoded {
        event.insert("data_base64".into(), encoded);
    }
    Ok(CloudEvent { id, source, kind, time, attributes: event, data })
}

/// A fact that has no meaning here, for the source it is kept by.
pub(super) fn external(
    event: &CloudEvent,
    removed: Vec<Removal>,
) -> Result<(Id, ExternalFact), Dead> {
    let source = Id::new(event.source.clone()).map_err(|error| {
        Dead::new("bad_source", format!("attribute `source`: {error}"), "shorten the source")
    })?;
    let mut attributes = event.attributes.clone();
    if let Some(time) = event.time {
        attributes.insert("time".into(), Value::String(time.to_string()));
    }
    let fact = ExternalFact {
        id: event.id.clone(),
        kind: event.kind.clone(),
        attributes,
        data: event.data.clone(),
        removed,
    };
    Ok((source, fact))
}

fn text<'a>(event: &'a Map<String, Value>, name: &str) -> Result<&'a str, Dead> {
    match event.get(name) {
        Some(Value::String(text)) if text.is_empty() => {
            Err(missing(&format!("attribute `{name}` is empty")))
        }
        Some(Value::String(text)) if text.len() > ATTRIBUTE_BYTES_MAX => Err(long(name)),
        Some(Value::String(text)) => Ok(text),
        Some(other) => Err(wrong(name, "a text", other)),
        None => Err(missing(&format!("attribute `{name}` is missing"))),
    }
}

fn missing(detail: &str) -> Dead {
    Dead::new(
        "not_a_cloudevent",
        detail,
        "publish CloudEvents 1.0 in the JSON event format, with specversion, id, source and type",
    )
}

fn wrong(name: &str, wanted: &str, found: &Value) -> Dead {
    Dead::new(
        "wrong_type",
        format!("attribute `{name}` is {}, not {wanted}", kind_of(found)),
        "see the JSON event format of CloudEvents 1.0",
    )
}

fn long(name: &str) -> Dead {
    Dead::new(
        "long_attribute",
        format!("attribute `{name}` is over {ATTRIBUTE_BYTES_MAX} bytes"),
        "put long content into `data`",
    )
}

pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
