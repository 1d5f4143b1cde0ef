//! The two forms in which a CloudEvent lies in a message: the whole of it as JSON in the payload
//! (structured mode), or its attributes as `ce-` headers and its data as the payload (binary mode,
//! as the NATS protocol binding has it). Whichever it is, what leaves here is the JSON event format.

use base64::{Engine, prelude::BASE64_STANDARD};
use helmstream_schemas::attributes::{DATACONTENTTYPE, ID, SOURCE, TYPE};
use serde_json::{Map, Value};

use super::{Dead, strict};

mod alike;
mod headers;

pub(super) use self::alike::{alike, unwrapped};
pub use self::headers::Headers;

const SPECVERSION: &str = "specversion";

/// The event of a message, with its data in the clearest form that JSON has for it.
pub(super) fn read(headers: &Headers, payload: &[u8]) -> Result<Value, Dead> {
    if headers.too_many() {
        return Err(headers::too_many());
    }
    match form(headers)? {
        Form::Structured => strict::parse(payload).map(unwrapped),
        Form::Binary => assembled(headers, payload),
    }
}

enum Form {
    Structured,
    Binary,
}

/// What the content type says, and else whether an attribute that every event has stands in a
/// header. A message that says nothing is read as the JSON that `nats pub` sends.
fn form(headers: &Headers) -> Result<Form, Dead> {
    let declared = headers.content_type().map(media_type);
    match declared.as_deref() {
        Some("application/cloudevents" | "application/cloudevents+json") => Ok(Form::Structured),
        Some(other) if other.starts_with("application/cloudevents") => Err(Dead::new(
            "other_format",
            "the content type names another format of CloudEvents than the JSON event format",
            "publish one event a message: application/cloudevents+json, or its attributes as headers",
        )),
        _ if [SPECVERSION, ID, SOURCE, TYPE].iter().any(|name| headers.has(name)) => {
            Ok(Form::Binary)
        }
        _ => Ok(Form::Structured),
    }
}

fn assembled(headers: &Headers, payload: &[u8]) -> Result<Value, Dead> {
    let mut event: Map<String, Value> =
        headers.attributes()?.into_iter().map(|(name, text)| (name, text.into())).collect();
    if let Some(declared) = headers.content_type() {
        let declared = Value::String(declared.to_owned());
        if event.get(DATACONTENTTYPE).is_some_and(|said| *said != declared) {
            return Err(Dead::new(
                "two_headers",
                "`content-type` and `ce-datacontenttype` say different things of one payload",
                "write one of them",
            ));
        }
        event.insert(DATACONTENTTYPE.into(), declared);
    }
    if payload.is_empty() {
        return Ok(Value::Object(event));
    }
    let declared = event.get(DATACONTENTTYPE).and_then(Value::as_str);
    let (name, data) = match (declared.is_none_or(is_json), text(payload)) {
        (true, _) => ("data", strict::parse(payload).map_err(no_json)?),
        (false, Some(text)) => ("data", text.into()),
        (false, None) => ("data_base64", BASE64_STANDARD.encode(payload).into()),
    };
    event.insert(name.into(), data);
    Ok(Value::Object(event))
}

/// The reason stays; the way out is another one in this form.
fn no_json(dead: Dead) -> Dead {
    let hint = "without a `content-type` the payload is JSON; name the type of other data there";
    Dead { hint: hint.into(), ..dead }
}

/// The bytes as text, if a person could read them.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// Whether a content type is one of JSON.
fn is_json(declared: &str) -> bool {
    let declared = media_type(declared);
    declared.ends_with("/json") || declared.ends_with("+json")
}

/// A content type without its parameters, in the case in which it is compared.
fn media_type(declared: &str) -> String {
    declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

#[cfg(test)]
mod tests;
