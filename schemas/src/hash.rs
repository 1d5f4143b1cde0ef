//! SHA-256 as the plane writes it, and the one form in which a stored record is hashed.
//! These 32 bytes are the leaf of every later proof; the form never changes.

use std::{collections::BTreeMap, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::record::Record;

/// A SHA-256 digest; 64 lower-case hexadecimal digits in text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Hash(pub [u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256 digest of 64 lower-case hexadecimal digits")]
pub struct HashError(String);

impl Hash {
    /// Of a value in its one JSON form (RFC 8785), whatever its spacing and the order of its keys.
    pub fn of_json(value: &impl Serialize) -> Self {
        Self::of(&serde_json_canonicalizer::to_vec(value).unwrap_or_default())
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
pub fn canonical_head(record: &Record) -> Vec<u8> {
    let sequence = record.sequence.to_string();
    let recorded = record.recorded_at.nanos().to_string();
    let names: Vec<(String, &str)> =
        record.attributes.iter().map(|(name, value)| (format!("ce-{name}"), value)).collect();
    let mut head: BTreeMap<&str, &str> =
        names.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    head.insert("recorded", &recorded);
    head.insert("sequence", &sequence);
    head.insert("stream", &record.stream);
    head.insert("subject", &record.subject);
    serde_json_canonicalizer::to_vec(&head).expect("a map of texts has a canonical form")
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
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
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| refuse())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| refuse())?;
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
    use super::*;
    use crate::{Attributes, Timestamp};

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
