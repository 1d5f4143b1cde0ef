//! SHA-256 as the plane writes it, and the one form in which a stored record is hashed.
//! These 32 bytes are the leaf of every later proof; the form never changes.

use std::{fmt, io::Write, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::{Attributes, record::Record};

/// A SHA-256 digest; 64 lower-case hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

/// SHA-256 of bytes that come piece by piece.
#[derive(Clone, Default)]
pub struct Hashing(Sha256);

impl Hashing {
    /// Takes the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces.
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// A value in its one JSON form (RFC 8785).
pub fn canonical_json(value: &impl Serialize) -> Vec<u8> {
    serde_json_canonicalizer::to_vec(value).unwrap_or_default()
}

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256 digest of 64 lower-case hexadecimal digits")]
pub struct HashError(String);

impl Hash {
    /// Of a value in its one JSON form (RFC 8785), whatever its spacing and the order of its keys.
    pub fn of_json(value: &impl Serialize) -> Self {
        Self::of(&canonical_json(value))
    }

    /// The digest of one run of bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of several texts, each with its length before it, so that no two lists of texts
    /// share a digest by running into each other.
    pub fn of_parts(parts: &[&str]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part.as_bytes());
        }
        Self(digest.finalize().into())
    }

    /// The digest of a stored record: the length of its canonical head as 32 bits, big end first;
    /// the head; and the payload bytes as stored.
    pub fn of_record(record: &Record) -> Self {
        let head = canonical_head(record);
        let mut digest = Sha256::new();
        digest.update((head.len() as u32).to_be_bytes());
        digest.update(&head);
        digest.update(&record.payload);
        Self(digest.finalize().into())
    }
}

/// The RFC 8785 form of the record's `ce-` attributes with its stream, subject, sequence and
/// recorded time in nanoseconds. Every value is a text: JSON numbers cannot carry nanoseconds.
/// Written by hand, because every record that is decided or shown is hashed; a test compares it
/// with the canonicalizer for whatever names and values there can be.
pub fn canonical_head(record: &Record) -> Vec<u8> {
    let held: usize = record.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    let members = record.attributes.len() * MEMBER_BYTES;
    let place = record.stream.len() + record.subject.len() + PLACE_BYTES;
    let mut head = Vec::with_capacity(held + members + place);
    head.push(b'{');
    for (name, value) in attributes_in_order(&record.attributes) {
        head.extend_from_slice(b"\"ce-");
        push_escaped(&mut head, name);
        head.extend_from_slice(b"\":\"");
        push_escaped(&mut head, value);
        head.extend_from_slice(b"\",");
    }
    // Every attribute comes before these: `ce-` is before `recorded`.
    let (recorded, sequence) = (record.recorded_at.nanos(), record.sequence);
    write!(head, r#""recorded":"{recorded}","sequence":"{sequence}","stream":""#)
        .expect("a vector takes whatever is written");
    push_escaped(&mut head, &record.stream);
    head.extend_from_slice(br#"","subject":""#);
    push_escaped(&mut head, &record.subject);
    head.extend_from_slice(br#""}"#);
    head
}

/// What stands around a name and a value: `"ce-":"",`.
const MEMBER_BYTES: usize = 9;

/// What stands around stream and subject, with two numbers of twenty digits.
const PLACE_BYTES: usize = 96;

/// RFC 8785 orders names by their UTF-16 units. For ASCII, which is all that a header can carry,
/// that is the order they are kept in.
fn attributes_in_order(attributes: &Attributes) -> Vec<(&str, &str)> {
    let mut all: Vec<(&str, &str)> = attributes.iter().collect();
    if !all.iter().all(|(name, _)| name.is_ascii()) {
        all.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    }
    all
}

/// The inside of a JSON text. What has to be escaped is rare, and left to serde_json, whose escapes
/// are those of RFC 8785.
fn push_escaped(head: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
        head.extend_from_slice(text.as_bytes());
    } else {
        let quoted = serde_json::to_vec(text).expect("a text can be written as JSON");
        head.extend_from_slice(&quoted[1..quoted.len() - 1]);
    }
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |nibble: u8| char::from(HEX_DIGITS[usize::from(nibble)]);
        let mut text = String::with_capacity(2 * self.0.len());
        self.0.iter().for_each(|byte| text.extend([digit(byte >> 4), digit(byte & 15)]));
        f.write_str(&text)
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        let refuse = || HashError(text.to_owned());
        if text.len() != 64 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(refuse());
        }
        let value = |digit: u8| if digit < b'a' { digit - b'0' } else { digit - b'a' + 10 };
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = value(pair[0]) << 4 | value(pair[1]);
        }
        Ok(Self(bytes))
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Hash {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Hash".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::Timestamp;

    /// Texts with what a form can get wrong: quotes, backslashes, every control character, and
    /// letters on both sides of the surrogates, which UTF-8 and UTF-16 order differently.
    fn text() -> impl Strategy<Value = String> {
        let hard = prop_oneof![
            any::<char>(),
            (0_u8..0x21).prop_map(char::from),
            prop::sample::select(vec!['"', '\\', '/', '\u{7f}', '\u{2028}']),
            prop::sample::select(vec!['\u{d7ff}', '\u{e000}', '\u{ffff}', '\u{10000}']),
        ];
        prop_oneof![
            "[a-z0-9._/-]{0,12}",
            prop::collection::vec(hard, 0..12).prop_map(String::from_iter),
        ]
    }

    /// The form by the reference: a map, given to the canonicalizer.
    fn head_by_reference(record: &Record) -> Vec<u8> {
        let named = |(name, value): (&str, &str)| (format!("ce-{name}"), value.to_owned());
        let mut head: BTreeMap<String, String> = record.attributes.iter().map(named).collect();
        head.insert("recorded".into(), record.recorded_at.nanos().to_string());
        head.insert("sequence".into(), record.sequence.to_string());
        head.insert("stream".into(), record.stream.clone());
        head.insert("subject".into(), record.subject.clone());
        serde_json_canonicalizer::to_vec(&head).unwrap()
    }

    proptest! {
        #[test]
        fn the_head_written_by_hand_is_the_canonical_form(
            named in prop::collection::vec((text(), text()), 0..12),
            (stream, subject) in (text(), text()),
            (sequence, nanos) in (any::<u64>(), any::<i64>()),
        ) {
            let mut record = Record { stream, subject, sequence, ..record() };
            record.recorded_at = Timestamp::from_nanos(nanos);
            named.iter().for_each(|(name, value)| record.attributes.set(name, value.as_str()));
            let (ours, reference) = (canonical_head(&record), head_by_reference(&record));
            prop_assert_eq!(String::from_utf8(ours), String::from_utf8(reference));
        }

        #[test]
        fn any_digest_reads_back(bytes in any::<[u8; 32]>()) {
            prop_assert_eq!(Hash(bytes).to_string().parse(), Ok(Hash(bytes)));
        }
    }

    #[test]
    fn names_are_in_the_order_of_their_utf16_units() {
        let mut record = record();
        for name in ["\u{ff5e}", "\u{1f600}", "é"] {
            record.attributes.set(name, "x");
        }
        let head = canonical_head(&record);
        assert_eq!(head, head_by_reference(&record));
        let head = String::from_utf8(head).unwrap();
        assert!(head.find("\u{1f600}") < head.find("\u{ff5e}"), "{head}");
    }

    fn record() -> Record {
        let mut attributes = Attributes::default();
        attributes.set("id", "b6cd");
        attributes.set("type", "helmstream.run.started.v1");
        Record {
            stream: "EVENTS".into(),
            subject: "evt.run.a".into(),
            sequence: 7,
            recorded_at: Timestamp::from_nanos(1_767_225_600_123_456_789),
            attributes,
            payload: br#"{"a":1}"#.to_vec(),
        }
    }

    /// The form is fixed before the first event: this test's two literals are never edited.
    #[test]
    fn the_form_of_the_leaf_is_fixed_for_ever() {
        let head = canonical_head(&record());
        assert_eq!(
            String::from_utf8(head).unwrap(),
            r#"{"ce-id":"b6cd","ce-type":"helmstream.run.started.v1","recorded":"1767225600123456789","sequence":"7","stream":"EVENTS","subject":"evt.run.a"}"#
        );
        assert_eq!(Hash::of_record(&record()).to_string(), LEAF);
    }

    const LEAF: &str = "ecd2d1d3651ba053909f864a5b7c325dfc82ae721c45bc9be0fc9496cfbeacff";

    #[test]
    fn every_part_of_a_record_counts() {
        let leaf = Hash::of_record(&record());
        let changes: [fn(&mut Record); 6] = [
            |r| r.stream.push('x'),
            |r| r.subject.push('x'),
            |r| r.sequence += 1,
            |r| r.recorded_at = Timestamp::from_nanos(r.recorded_at.nanos() + 1),
            |r| r.attributes.set("actor", "x"),
            |r| r.payload.push(b' '),
        ];
        for change in changes {
            let mut changed = record();
            change(&mut changed);
            assert_ne!(Hash::of_record(&changed), leaf);
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(Hash::of_parts(&["ab", "c"]), Hash::of_parts(&["a", "bc"]));
    }

    #[test]
    fn a_digest_reads_back_and_nothing_else_does() {
        let hash = Hash::of(b"x");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert!(hash.to_string().to_uppercase().parse::<Hash>().is_err());
        assert!("ab".parse::<Hash>().is_err());
    }
}
