//! The question for the records of EVENTS as the log holds them, each in the form in which it is
//! hashed. An answer is a page; the whole is asked for page by page.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use helmstream_schemas::{Hash, Id, Record, hash::canonical_head};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which records to replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// From this position on.
    pub from_seq: u64,
    /// Up to this position; to the end that the log has when the first page is asked for if absent.
    #[serde(default)]
    pub to_seq: Option<u64>,
    /// Of this context only.
    #[serde(default)]
    pub context: Option<String>,
    /// Of this aggregate only.
    #[serde(default)]
    pub aggregate: Option<Id>,
    /// A type as it stands in `ce-type`, or a word of a context such as `step_ended`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
}

/// Records in the order of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReplayPage")]
pub struct Page {
    pub records: Vec<Replayed>,
    /// Where it ends, which the next page has to name.
    pub to_seq: u64,
    /// Everything up to here was looked at.
    pub read_to_seq: u64,
    /// Where the next page begins, if there is one.
    pub next: Option<u64>,
}

/// One record. It depends on nothing but the record, so that two replays can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ReplayedRecord")]
pub struct Replayed {
    /// Its RFC 8785 form is what is hashed before the payload.
    pub head: BTreeMap<String, String>,
    #[serde(flatten)]
    pub payload: Payload,
    pub hash: Hash,
}

/// The bytes as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Payload {
    /// They are UTF-8, and this is the text that they are.
    #[serde(rename = "payload")]
    Text(String),
    /// They are not.
    #[serde(rename = "payload_base64")]
    Base64(String),
}

impl Replayed {
    pub fn of(record: Record) -> Self {
        let head = canonical_head(&record);
        let head = serde_json::from_slice(&head).expect("a head is an object of texts");
        let hash = Hash::of_record(&record);
        let payload = match String::from_utf8(record.payload) {
            Ok(text) => Payload::Text(text),
            Err(bytes) => Payload::Base64(STANDARD.encode(bytes.as_bytes())),
        };
        Self { head, payload, hash }
    }
}

#[cfg(test)]
mod tests {
    use helmstream_schemas::{Attributes, Timestamp};

    use super::*;

    #[test]
    fn a_payload_is_text_where_it_is_text_and_base64_where_it_is_not() {
        let replayed = |payload: &[u8]| {
            let mut attributes = Attributes::default();
            attributes.set("id", "b6cd");
            let record = Record {
                stream: "EVENTS".into(),
                subject: "evt.run.a".into(),
                sequence: 7,
                recorded_at: Timestamp::from_nanos(1),
                attributes,
                payload: payload.to_vec(),
            };
            let line = serde_json::to_value(Replayed::of(record)).unwrap();
            assert_eq!(line["head"]["ce-id"], "b6cd");
            assert_eq!(line["head"]["sequence"], "7");
            (line.get("payload").cloned(), line.get("payload_base64").cloned())
        };
        assert_eq!(replayed(b"{}\0"), (Some("{}\0".into()), None));
        assert_eq!(replayed(b"\xff"), (None, Some("/w==".into())));
    }
}
