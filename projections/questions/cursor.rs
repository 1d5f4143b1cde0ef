//! Where a page of a list ended. In the usual order of a list it is a position, as it always was; in
//! any other it is opaque: the order, the last row's value and its id, in one text.

use std::{borrow::Cow, fmt, str::FromStr};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Where a page ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    Position(u64),
    Row(Ended),
    /// A text at which no page ever ended: whoever asks with it is told that there is none.
    Nowhere,
}

/// The order of a page, and its last row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub(super) sort: String,
    pub(super) value: String,
    pub(super) id: String,
}

/// A text at which no page ever ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no page ends there; it is the `next` of the page before")]
pub struct NoCursor;

impl From<u64> for Cursor {
    fn from(position: u64) -> Self {
        Self::Position(position)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Position(position) => write!(f, "{position}"),
            Self::Row(Ended { sort, value, id }) => {
                let row = serde_json::json!([sort, value, id]).to_string();
                f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(row))
            }
            Self::Nowhere => Ok(()),
        }
    }
}

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        if let Ok(position) = text.parse() {
            return Ok(Self::Position(position));
        }
        let row = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| NoCursor)?;
        let parts: [String; 3] = serde_json::from_slice(&row).map_err(|_| NoCursor)?;
        if parts.iter().any(|part| part.contains('\0')) {
            return Err(NoCursor);
        }
        let [sort, value, id] = parts;
        Ok(Self::Row(Ended { sort, value, id }))
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Position(position) => serializer.serialize_u64(*position),
            Self::Row(_) | Self::Nowhere => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl de::Visitor<'_> for Either {
            type Value = Cursor;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the `next` of the page before")
            }

            fn visit_u64<E: de::Error>(self, position: u64) -> Result<Cursor, E> {
                Ok(Cursor::Position(position))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Cursor, E> {
                Ok(text.parse().unwrap_or(Cursor::Nowhere))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Cursor {
    fn schema_name() -> Cow<'static, str> {
        "Cursor".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [
            { "type": "integer", "format": "uint64", "minimum": 0 },
            { "type": "string", "pattern": "^[A-Za-z0-9_-]+$" },
        ] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_page_ended_reads_back_from_a_query_and_from_an_answer() {
        let [sort, value, id] = ["-heard_at", "-5", "acme/shop~42 ü"].map(str::to_owned);
        for cursor in [Cursor::Position(7), Cursor::Row(Ended { sort, value, id })] {
            assert_eq!(cursor.to_string().parse(), Ok(cursor.clone()));
            let json = serde_json::to_string(&cursor).unwrap();
            assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), cursor);
        }
        assert_eq!(serde_json::from_str::<Cursor>("\"7\"").unwrap(), Cursor::Position(7));
    }

    #[test]
    fn what_is_none_is_refused() {
        let nul = BASE64_URL_SAFE_NO_PAD.encode(r#"["a","\u0000","b"]"#);
        for wrong in ["", "-1", "x y", "W10", &nul] {
            assert_eq!(wrong.parse::<Cursor>(), Err(NoCursor), "{wrong}");
            let json = serde_json::to_string(wrong).unwrap();
            assert_eq!(serde_json::from_str::<Cursor>(&json).unwrap(), Cursor::Nowhere);
        }
    }
}
