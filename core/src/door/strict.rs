//! JSON as the door takes it: UTF-8, one value, no key twice. (Which of two values of one key
//! counts is different from reader to reader, so taking one would be a guess.) Depth is bounded by
//! the parser itself at 128.

use std::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::Dead;

/// Parses one JSON value, or says why it is none.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, Dead> {
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(Dead::new(
            "not_utf8",
            format!("byte {} is not UTF-8", error.valid_up_to()),
            "publish JSON in UTF-8",
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = Strict.deserialize(&mut deserializer).and_then(|value| {
        deserializer.end()?;
        Ok(value)
    });
    value.map_err(|error| {
        let text = error.to_string();
        if text.starts_with(TWICE) {
            return Dead::new("duplicate_key", text, "write every key of an object once");
        }
        if text.starts_with("recursion limit exceeded") {
            return Dead::new("too_deep", text, "nest values less than 128 deep");
        }
        Dead::new("not_json", text, "publish a CloudEvent in the JSON event format")
    })
}

const TWICE: &str = "a key stands twice in one object";

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element_seed(Strict)? {
            all.push(item);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(key) = entries.next_key_seed(Key)? {
            let value = entries.next_value_seed(Strict)?;
            if all.insert(key, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(all))
    }
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(bytes: &[u8]) -> &'static str {
        parse(bytes).unwrap_err().reason
    }

    #[test]
    fn whatever_is_not_one_json_value_is_refused_with_its_reason() {
        assert_eq!(reason(b"{\"a\":\"\xff\"}"), "not_utf8");
        assert_eq!(reason(br#"{"a":1,"b":{"c":1,"c":1}}"#), "duplicate_key");
        assert_eq!(reason("[".repeat(5_000).as_bytes()), "too_deep");
        assert_eq!(reason(b"{} {}"), "not_json");
        assert_eq!(reason(b""), "not_json");
        assert_eq!(reason(b"NaN"), "not_json");
        assert_eq!(reason(b"1e400"), "not_json");
    }

    #[test]
    fn a_value_is_read_as_it_stands() {
        let text = r#"{"a":[1,-2,0.5,null,true,"x\u00e9"],"b":{}}"#;
        assert_eq!(parse(text.as_bytes()), Ok(serde_json::from_str(text).unwrap()));
    }
}
