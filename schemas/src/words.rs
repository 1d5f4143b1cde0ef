//! How the words of a context become bytes and back. A context's words are one enum; on the wire
//! the variant's name stands in the type, and the payload is what the variant holds.

use serde::{Serialize, de::DeserializeOwned};

/// A payload that is not what its type says.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` cannot be read: {source}")]
pub struct WordError {
    pub name: String,
    #[source]
    pub source: serde_json::Error,
}

impl WordError {
    /// Whether it holds a word that this version does not have, its own name or one deeper inside. Words
    /// only ever are added, so a newer version wrote it; a payload that is broken is something else.
    pub fn is_unknown(&self) -> bool {
        self.source.is_data() && self.source.to_string().starts_with("unknown variant ")
    }
}

/// Splits a word into its name and its payload. Words are enums of one-field variants.
pub fn encode<W: Serialize>(word: &W) -> (String, Vec<u8>) {
    let whole = serde_json::to_vec(word).expect("a word has only texts for keys");
    let end = whole.iter().skip(2).position(|byte| *byte == b'"').map_or(0, |at| at + 2);
    let name = String::from_utf8_lossy(&whole[2..end]).into_owned();
    // {"name":payload}
    let payload = whole[end + 2..whole.len() - 1].to_vec();
    (name, payload)
}

/// Puts a name and a payload together again.
pub fn decode<W: DeserializeOwned>(name: &str, payload: &[u8]) -> Result<W, WordError> {
    let refuse = |source| WordError { name: name.to_owned(), source };
    if !is_name(name) {
        return Err(refuse(serde::de::Error::custom("a name has only a-z, 0-9 and _")));
    }
    let mut whole = Vec::with_capacity(payload.len() + name.len() + 5);
    whole.extend_from_slice(b"{\"");
    whole.extend_from_slice(name.as_bytes());
    whole.extend_from_slice(b"\":");
    whole.extend_from_slice(payload);
    whole.push(b'}');
    serde_json::from_slice(&whole).map_err(refuse)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        FirstThing(Held),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Held {
        text: String,
    }

    #[test]
    fn a_word_reads_back_as_it_was_written() {
        let word = Word::FirstThing(Held { text: "\"}, {".into() });
        let (name, payload) = encode(&word);
        assert_eq!(name, "first_thing");
        assert_eq!(payload, br#"{"text":"\"}, {"}"#);
        assert_eq!(decode::<Word>(&name, &payload).unwrap(), word);
    }

    #[test]
    fn a_word_that_is_not_there_is_told_from_one_that_is_broken() {
        let error = |name: &str, payload: &[u8]| decode::<Word>(name, payload).unwrap_err();
        assert!(error("second_thing", br#"{"text":"a"}"#).is_unknown());
        assert!(!error("first_thing", br#"{"text":1}"#).is_unknown());
        assert!(!error("first_thing", b"{").is_unknown());
        assert!(!error("second_thing\":1,\"x", b"{}").is_unknown());
    }

    #[test]
    fn a_name_or_payload_cannot_smuggle_in_another_word() {
        assert!(decode::<Word>("first_thing\":1,\"x", b"{}").is_err());
        assert!(decode::<Word>("first_thing", br#"{"text":"a"},"x":{}"#).is_err());
        assert!(decode::<Word>("", b"{}").is_err());
    }
}
