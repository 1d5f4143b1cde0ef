//! The binary mode of the CloudEvents HTTP binding: attributes in `ce-` headers, the data as the
//! body. What it says is written as the same event in the JSON format, so that one event is one
//! event in whichever mode it came.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::HeaderMap;
use percent_encoding::percent_decode;
use serde_json::{Map, Value, value::RawValue};

use super::problem::Problem;
use crate::limits::{ATTRIBUTE_NAME_BYTES_MAX, ATTRIBUTES_MAX};

/// The same event in structured mode. `kind` is the body's media type.
pub(super) fn structured(
    headers: &HeaderMap,
    kind: Option<&str>,
    body: &[u8],
) -> Result<Vec<u8>, Problem> {
    let mut event = Map::new();
    for name in headers.keys() {
        let Some(attribute) = name.as_str().strip_prefix("ce-") else { continue };
        let mut values = headers.get_all(name).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(refused(format!("header `{name}` stands more than once")));
        };
        if !is_name(attribute) {
            return Err(refused(format!("header `{name}` is no attribute of a CloudEvent")));
        }
        let text = percent_decode(value.as_bytes())
            .decode_utf8()
            .map_err(|_| refused(format!("header `{name}` is not UTF-8")))?;
        if text.chars().any(char::is_control) {
            return Err(refused(format!("header `{name}` holds a control character")));
        }
        event.insert(attribute.to_owned(), Value::String(text.into_owned()));
    }
    if event.is_empty() {
        return Err(Problem::unsupported_type(
            "application/cloudevents+json, application/cloudevents-batch+json, or any type with `ce-` headers",
        ));
    }
    if event.len() > ATTRIBUTES_MAX {
        return Err(refused(format!("there are more than {ATTRIBUTES_MAX} attributes")));
    }
    if let Some(kind) = kind {
        event.insert("datacontenttype".to_owned(), Value::String(kind.to_owned()));
    }
    let mut text = serde_json::to_vec(&event).map_err(|error| refused(error.to_string()))?;
    if let Some((name, data)) = data(kind, body)? {
        text.pop();
        text.extend_from_slice(format!(",\"{name}\":").as_bytes());
        text.extend_from_slice(&data);
        text.push(b'}');
    }
    Ok(text)
}

/// Under which name the body stands in the event, and how.
fn data(kind: Option<&str>, body: &[u8]) -> Result<Option<(&'static str, Vec<u8>)>, Problem> {
    let is_json = kind.is_none_or(|kind| kind == "application/json" || kind.ends_with("+json"));
    if body.is_empty() {
        return Ok(None);
    }
    if is_json {
        // As it is written: numbers keep every digit.
        let raw: &RawValue = serde_json::from_slice(body)
            .map_err(|error| refused(format!("the body is not JSON: {error}")))?;
        return Ok(Some(("data", raw.get().as_bytes().to_vec())));
    }
    let is_text = kind.is_some_and(|kind| kind.starts_with("text/"));
    let (name, value) = match std::str::from_utf8(body) {
        Ok(text) if is_text => ("data", Value::String(text.to_owned())),
        _ => ("data_base64", Value::String(STANDARD.encode(body))),
    };
    Ok(Some((name, value.to_string().into_bytes())))
}

fn is_name(name: &str) -> bool {
    let is_plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let is_taken = matches!(name, "data" | "datacontenttype");
    is_plain && !name.is_empty() && name.len() <= ATTRIBUTE_NAME_BYTES_MAX && !is_taken
}

fn refused(detail: String) -> Problem {
    Problem::not_an_event(
        detail,
        "see the binary content mode of the CloudEvents binding for HTTP: attributes in `ce-` headers, percent-encoded",
    )
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            let value = HeaderValue::from_str(value).expect("a value of a header");
            headers.append(HeaderName::from_static(name), value);
        }
        headers
    }

    const REQUIRED: [(&str, &str); 4] = [
        ("ce-specversion", "1.0"),
        ("ce-id", "a"),
        ("ce-source", "/tests"),
        ("ce-type", "com.example.t"),
    ];

    fn event(
        more: &[(&'static str, &str)],
        kind: Option<&str>,
        body: &[u8],
    ) -> Result<Value, String> {
        let all: Vec<_> = REQUIRED.iter().chain(more).copied().collect();
        let text = structured(&headers(&all), kind, body).map_err(|problem| problem.detail)?;
        Ok(serde_json::from_slice(&text).expect("what is written is JSON"))
    }

    #[test]
    fn data_is_json_text_or_bytes_by_its_type() {
        let json = event(&[], Some("application/json"), b" {\"n\": 1e3} ").unwrap();
        assert_eq!(json["data"], serde_json::json!({ "n": 1e3 }));
        assert_eq!(json["datacontenttype"], "application/json");
        let text = event(&[], Some("text/plain"), "grün".as_bytes()).unwrap();
        assert_eq!(text["data"], "grün");
        let bytes = event(&[], Some("image/png"), b"\x89PNG").unwrap();
        assert_eq!(bytes["data_base64"], "iVBORw==");
        assert_eq!(event(&[], None, b"").unwrap().get("data"), None);
    }

    #[test]
    fn attributes_are_percent_decoded() {
        let event = event(&[("ce-subject", "Euro%20%E2%82%AC%20100%25")], None, b"").unwrap();
        assert_eq!(event["subject"], "Euro € 100%");
    }

    #[test]
    fn what_is_no_event_is_told() {
        let cases: [(&[(&'static str, &str)], Option<&str>, &[u8], &str); 6] = [
            (&[("ce-id", "b")], None, b"", "more than once"),
            (&[("ce-subject", "%ff")], None, b"", "not UTF-8"),
            (&[("ce-subject", "a%0Ab")], None, b"", "control character"),
            (&[("ce-data", "x")], None, b"", "no attribute"),
            (&[("ce-with-dash", "x")], None, b"", "no attribute"),
            (&[], Some("application/json"), b"{", "not JSON"),
        ];
        for (more, kind, body, why) in cases {
            let detail = event(more, kind, body).unwrap_err();
            assert!(detail.contains(why), "{detail}");
        }
        assert!(structured(&HeaderMap::new(), Some("text/plain"), b"x").is_err());
    }
}
