//! The headers of a message that count: attributes of the event, and the content type of its data.
//! Whatever else a client sends along is not even looked at. Bounded, so that a dead letter can keep
//! all of them beside its own.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;

use super::super::Dead;
use crate::limits::{ATTRIBUTE_NAME_BYTES_MAX, HEADERS_BYTES_MAX, HEADERS_MAX};

const PREFIX: &str = "ce-";
const CONTENT_TYPE: &str = "content-type";

/// Stands in what is kept for the headers that were left out; no header's line is without a colon.
const LEFT_OUT: &str = "and more";

/// Headers that count, as they were sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers {
    /// Names in lower case, without the prefix.
    attributes: Vec<(String, String)>,
    content_type: Option<String>,
    /// There were more than are taken.
    more: bool,
}

impl Headers {
    /// Those of all headers of a message that count, whatever order they come in.
    pub fn of<'a>(all: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let named = all.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
        let counts = |name: &str| name == CONTENT_TYPE || name.starts_with(PREFIX);
        let mut counted: Vec<(String, &str)> = named.filter(|(name, _)| counts(name)).collect();
        counted.sort();
        let mut headers = Self::default();
        let mut bytes = 0;
        for (name, value) in counted {
            bytes += name.len() + value.len() + 2;
            if headers.attributes.len() >= HEADERS_MAX || bytes > HEADERS_BYTES_MAX {
                headers.more = true;
                break;
            }
            match name.strip_prefix(PREFIX) {
                Some(name) => headers.attributes.push((name.to_owned(), value.to_owned())),
                // Of two, the attribute of that name says which is meant, or that it is unclear.
                None if headers.content_type.is_some() => {
                    headers.attributes.push(("datacontenttype".into(), value.to_owned()));
                }
                None => headers.content_type = Some(value.to_owned()),
            }
        }
        headers
    }

    /// As one text, a header a line; absent if there are none.
    pub fn to_text(&self) -> Option<String> {
        let declared = self.content_type.iter().map(|value| format!("{CONTENT_TYPE}:{value}"));
        let named = self.attributes.iter().map(|(name, value)| format!("{PREFIX}{name}:{value}"));
        let more = self.more.then(|| LEFT_OUT.to_owned());
        let lines: Vec<String> = declared.chain(named).chain(more).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// Reads back what `to_text` wrote.
    pub fn of_text(text: &str) -> Self {
        let mut headers = Self::of(text.lines().filter_map(|line| line.split_once(':')));
        headers.more |= text.lines().any(|line| line == LEFT_OUT);
        headers
    }

    /// Attributes by name, the content type among them, as a person reads them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, String)> {
        let readable = |value: &str| percent_decode_str(value).decode_utf8_lossy().into_owned();
        let declared = self.content_type.iter().map(|value| (CONTENT_TYPE, value.clone()));
        let named = self.attributes.iter();
        declared.chain(named.map(move |(name, value)| (name.as_str(), readable(value))))
    }

    pub(super) fn too_many(&self) -> bool {
        self.more
    }

    pub(super) fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref().filter(|declared| !declared.is_empty())
    }

    pub(super) fn has(&self, attribute: &str) -> bool {
        self.attributes.iter().any(|(name, _)| name == attribute)
    }

    /// The attributes as they were meant, each there once.
    pub(super) fn attributes(&self) -> Result<BTreeMap<String, String>, Dead> {
        let mut attributes = BTreeMap::new();
        for (name, value) in &self.attributes {
            if !is_name(name) {
                return Err(Dead::new(
                    "bad_header",
                    "a `ce-` header is not the name of an attribute",
                    "names of attributes have only a-z and 0-9, are short, and `data` is none",
                ));
            }
            let Ok(value) = percent_decode_str(value).decode_utf8() else {
                return Err(Dead::new(
                    "bad_header",
                    format!("header `ce-{name}` is not UTF-8 once its per cent signs are decoded"),
                    "encode the UTF-8 bytes of what is not printable ASCII, and the per cent sign",
                ));
            };
            if attributes.insert(name.clone(), value.into_owned()).is_some() {
                return Err(Dead::new(
                    "two_headers",
                    format!("attribute `{name}` stands in two headers"),
                    "write every attribute once; capitals make no other name",
                ));
            }
        }
        Ok(attributes)
    }
}

pub(super) fn too_many() -> Dead {
    Dead::new(
        "too_many_headers",
        format!(
            "the attributes are over the limit of {HEADERS_MAX} headers or {HEADERS_BYTES_MAX} bytes"
        ),
        "put long content into the data; an attribute is a name, not a document",
    )
}

/// The data is no attribute, and a header may not pass for it.
fn is_name(name: &str) -> bool {
    (1..=ATTRIBUTE_NAME_BYTES_MAX).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        && name != "data"
}
