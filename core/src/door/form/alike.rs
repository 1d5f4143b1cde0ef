//! What makes two messages the same content though they were written in different forms. Binary
//! mode knows only texts and bytes, clients write one instant in several ways, and the content type of
//! JSON is often left out; so none of that counts.

use base64::{Engine, prelude::BASE64_STANDARD};
use helmstream_schemas::{
    Timestamp,
    attributes::{DATACONTENTTYPE, TIME},
};
use serde_json::Value;

use super::{super::strict, is_json, text};

/// The event with its data in the clear: a client that has only bytes writes them as base64,
/// whatever they are. What is no base64 stays.
pub(in super::super) fn unwrapped(mut event: Value) -> Value {
    let Value::Object(held) = &mut event else { return event };
    let Some(Value::String(encoded)) = held.get("data_base64") else { return event };
    if held.contains_key("data") {
        return event;
    }
    let Ok(bytes) = BASE64_STANDARD.decode(encoded) else { return event };
    let declared = held.get(DATACONTENTTYPE).and_then(Value::as_str);
    let clear = match declared.is_none_or(is_json) {
        true => strict::parse(&bytes).ok(),
        false => text(&bytes).map(Value::from),
    };
    if let Some(clear) = clear {
        held.remove("data_base64");
        held.insert("data".into(), clear);
    }
    event
}

/// The event as it is compared, if that is another one than the event itself.
pub(in super::super) fn alike(event: &Value) -> Option<Value> {
    let held = event.as_object()?;
    let compared = |(name, value): (&String, &Value)| compared(name, value);
    if held.iter().map(compared).all(|as_compared| as_compared == Compared::AsItIs) {
        return None;
    }
    let told = held.iter().filter_map(|(name, value)| match compared((name, value)) {
        Compared::AsItIs => Some((name.clone(), value.clone())),
        Compared::As(text) => Some((name.clone(), Value::String(text))),
        Compared::NotAtAll => None,
    });
    Some(Value::Object(told.collect()))
}

/// How an entry of an event is compared with that of another.
#[derive(PartialEq)]
enum Compared {
    AsItIs,
    As(String),
    NotAtAll,
}

fn compared(name: &str, value: &Value) -> Compared {
    match value {
        Value::Null => Compared::NotAtAll,
        _ if matches!(name, "data" | "data_base64") => Compared::AsItIs,
        Value::String(declared) if name == DATACONTENTTYPE && is_plain_json(declared) => {
            Compared::NotAtAll
        }
        Value::String(text) if name == TIME => match Timestamp::parse(text) {
            Ok(time) if time.to_string() != *text => Compared::As(time.to_string()),
            _ => Compared::AsItIs,
        },
        Value::Bool(_) | Value::Number(_) => Compared::As(value.to_string()),
        _ => Compared::AsItIs,
    }
}

/// Whether a content type says of JSON no more than every reader takes for granted.
fn is_plain_json(declared: &str) -> bool {
    let declared: String = declared.to_ascii_lowercase().split_whitespace().collect();
    matches!(
        declared.as_str(),
        "application/json"
            | "application/json;charset=utf-8"
            | "application/json;charset=\"utf-8\""
    )
}
