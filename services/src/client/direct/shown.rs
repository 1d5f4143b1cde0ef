//! What was published and could not be read, as it may be shown: never raw. It is cleaned as text
//! and not as JSON, because most dead letters are none and a broken one must not hide what broke
//! it; but texts between quotes, and the keys before them, are read as JSON has them, so that a
//! name or a secret is found whatever follows it. (A name in free prose is found by nobody.)

use std::fmt::Write;

use helmstream_core::door::{Cleaner, Headers};
use serde_json::{Map, Value};

/// The headers that counted and the payload, without secrets and personal values. Bytes that are no
/// UTF-8 stand as `\xff`.
pub(super) fn shown(cleaner: &Cleaner, headers: Option<&str>, payload: &[u8]) -> String {
    let mut text = headers.map(Headers::of_text).map(|headers| told(&headers)).unwrap_or_default();
    text.push_str(&readable(payload));
    let mut cleaned = String::with_capacity(text.len());
    let mut key: Option<String> = None;
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (between, quoted, after) = next_quoted(rest);
        key = clean_between(cleaner, key, between, &mut cleaned);
        if !quoted.is_empty() {
            let is_key = after.trim_start().starts_with(':');
            let value = clean_quoted(cleaner, key.take(), quoted, &mut cleaned);
            key = is_key.then_some(value);
        }
        rest = after;
    }
    cleaner.text(&cleaned)
}

/// Headers as the attributes that they are, each in quotes as in the JSON event format.
fn told(headers: &Headers) -> String {
    let quoted = |text: &str| Value::String(text.to_owned()).to_string();
    let lines =
        headers.iter().map(|(name, value)| format!("{}: {}\n", quoted(name), quoted(&value)));
    lines.chain(["\n".to_owned()]).collect()
}

fn readable(payload: &[u8]) -> String {
    let mut text = String::with_capacity(payload.len());
    for chunk in payload.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

/// What stands before the next text in quotes, that text with its quotes, and what stands after.
/// A text without an end goes to the end.
fn next_quoted(text: &str) -> (&str, &str, &str) {
    let Some(start) = text.find('"') else { return (text, "", "") };
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(start + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return (&text[..start], &text[start..=at], &text[at + 1..]),
            _ => {}
        }
    }
    (&text[..start], &text[start..], "")
}

/// Cleans what stands outside of quotes: a bare value if a key came before it. Gives the key back
/// if its value is yet to come.
fn clean_between(
    cleaner: &Cleaner,
    key: Option<String>,
    text: &str,
    cleaned: &mut String,
) -> Option<String> {
    let Some((colon, value)) = key.as_ref().and_then(|_| text.split_once(':')) else {
        cleaned.push_str(&cleaner.text(text));
        return key.filter(|_| text.trim().is_empty());
    };
    let bare_start = value.len() - value.trim_start().len();
    let bare_end = value[bare_start..]
        .find([',', '}', ']', '{', '[', '\n'])
        .map_or(value.len(), |end| bare_start + end);
    let bare = value[bare_start..bare_end].trim_end();
    cleaned.push_str(colon);
    cleaned.push(':');
    cleaned.push_str(&value[..bare_start]);
    if bare.is_empty() {
        cleaned.push_str(&cleaner.text(&value[bare_start..]));
        return key.filter(|_| value.trim().is_empty());
    }
    let key = key.unwrap_or_default();
    match clean_under(cleaner, &key, bare) {
        Some(other) => cleaned.push_str(&other),
        None => cleaned.push_str(bare),
    }
    cleaned.push_str(&cleaner.text(&value[bare_start + bare.len()..]));
    None
}

/// Cleans a text in quotes, under the key before it; gives what it says.
fn clean_quoted(
    cleaner: &Cleaner,
    key: Option<String>,
    quoted: &str,
    cleaned: &mut String,
) -> String {
    let inner = quoted.strip_prefix('"').unwrap_or(quoted);
    let said = serde_json::from_str(quoted)
        .unwrap_or_else(|_| inner.strip_suffix('"').unwrap_or(inner).to_owned());
    match clean_under(cleaner, key.as_deref().unwrap_or_default(), &said) {
        Some(other) => cleaned.push_str(&Value::String(other).to_string()),
        None => cleaned.push_str(quoted),
    }
    said
}

/// What the door would put in place of a text under a key, if it would put anything.
fn clean_under(cleaner: &Cleaner, key: &str, text: &str) -> Option<String> {
    let held = Map::from_iter([(key.to_owned(), Value::String(text.to_owned()))]);
    let Value::Object(cleaned) = cleaner.clean(Value::Object(held)).value else { return None };
    cleaned
        .into_iter()
        .find_map(|(_, value)| value.as_str().filter(|other| *other != text).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(payload: impl AsRef<[u8]>) -> String {
        shown(&Cleaner::new(b"key"), None, payload.as_ref())
    }

    #[test]
    fn what_holds_nothing_to_hide_stays_as_it_is() {
        for plain in [
            "",
            "{\"a\" : [1, \"x\\n\", null], \"a\":2}",
            "no json at all: it's",
            "{\"a\":\"",
            "{{{\"a\"::\"b\"",
        ] {
            assert_eq!(show(plain), plain);
        }
    }

    #[test]
    fn names_and_secrets_go_even_where_the_json_is_broken() {
        for broken in [
            r#"{"user": "dana", "a": }"#,
            r#"{"user":"dana"#,
            r#"{"a":1,,"Author" : "dana"}"#,
            r#"{"user": "\u0064ana", "a": [}"#,
            "{\"user\": dana\n}",
            r#"{"password": "dana"}}"#,
            r#"{"token": dana}"#,
            r#"["dana@example.com", "#,
            r#"ask dana@example.com"#,
        ] {
            let shown = show(broken);
            assert!(!shown.contains("dana") && !shown.contains("u0064"), "{broken} shows {shown}");
        }
    }

    #[test]
    fn a_secret_under_a_bare_number_goes_and_its_neighbours_stay() {
        assert_eq!(
            show(r#"{"pin": 1, "password": 1234, "b":[2]"#),
            r#"{"pin": 1, "password": [removed: secret_by_name], "b":[2]"#
        );
    }

    #[test]
    fn bytes_that_are_no_utf_8_are_shown_as_such() {
        assert_eq!(show(b"{\"a\":\"\xff\xfeb\"}"), "{\"a\":\"\\xff\\xfeb\"}");
    }

    #[test]
    fn a_token_in_plain_text_goes() {
        let token = format!("gh{}_{}", "p", "a1".repeat(18));
        assert!(!show(format!("pushed with {token}, really")).contains(&token));
    }

    #[test]
    fn the_headers_of_a_message_are_shown_before_it_and_are_cleaned_too() {
        let headers =
            "content-type:text/csv\nce-author:Dana Scully\nce-note:to%20dana%40example.com";
        let shown = shown(&Cleaner::new(b"key"), Some(headers), b"a,b");
        assert!(
            shown.starts_with("\"content-type\": \"text/csv\"\n\"author\": \"person:"),
            "{shown}"
        );
        assert!(shown.ends_with("\n\na,b"), "{shown}");
        assert!(!shown.to_lowercase().contains("dana"), "{shown}");
    }
}
