//! The plane's subjects as an AsyncAPI 3.1 document: one channel a subject, with the words that
//! travel on it.
//!
//! Pure: the streams and the catalog come in, the document goes out. Where words travel, a context
//! has a channel of its own; elsewhere (snapshots, deadlines) it stays a parameter.

use std::collections::BTreeSet;

use helmstream_schemas::attributes as ce;
use helmstream_schemas::catalog::{Role, Word};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::address::{address, meaning};
use super::plan::schema_path;

/// What the document needs of a stream's configuration.
#[derive(Debug, Deserialize)]
pub(crate) struct Stream {
    name: String,
    description: String,
    subjects: Vec<String>,
    subject_transform: Option<Moved>,
    republish: Option<Moved>,
}

#[derive(Debug, Deserialize)]
struct Moved {
    dest: String,
}

/// A stream with a subject that the grammar does not know.
#[derive(Debug, PartialEq)]
pub(crate) struct UnknownSubject {
    pub(crate) stream: String,
    pub(crate) subject: String,
}

/// Attributes every record has, then those some have; each with what it says.
const REQUIRED: [(&str, &str); 4] = [
    (ce::ID, "identity of this message"),
    (ce::SOURCE, "who says it"),
    ("specversion", "version of CloudEvents"),
    (ce::TYPE, "what is said"),
];
const OPTIONAL: [(&str, &str); 8] = [
    (ce::TIME, "when it is said to have happened"),
    (ce::SUBJECT, "what it is about"),
    (ce::CAUSATIONID, "id of the command or message that caused it"),
    (ce::CAUSATIONHASH, "hash of the record that caused it"),
    (ce::CORRELATIONID, "what belongs together from end to end"),
    (ce::ACTOR, "who asked, stamped by a door from the authenticated identity"),
    (ce::ACTORKIND, "human, service or agent"),
    (ce::TRACEPARENT, "the publisher's own trace, never rewritten"),
];

pub(crate) fn asyncapi(streams: &[Stream], words: &[Word]) -> Result<Value, UnknownSubject> {
    let contexts: BTreeSet<&str> = words
        .iter()
        .map(|word| word.context.as_str())
        .filter(|&context| context != EVERY && context != JOURNAL)
        .collect();
    let mut channels = Map::new();
    let mut messages = Map::new();
    for stream in streams {
        for (subject, how) in subjects_of(stream) {
            let unknown =
                || UnknownSubject { stream: stream.name.clone(), subject: subject.to_string() };
            let address = address(subject).ok_or_else(unknown)?;
            for (address, travelling) in carried(&address, &contexts, words) {
                let references = travelling
                    .iter()
                    .map(|(kind, _)| (kind.clone(), reference("messages", kind)))
                    .collect();
                messages.extend(
                    travelling.into_iter().map(|(kind, word)| (kind.clone(), message(&kind, word))),
                );
                channels.insert(name_of(&address), channel(&address, stream, how, references));
            }
        }
    }
    Ok(json!({
        "asyncapi": "3.1.0",
        "info": {
            "title": "Helmstream",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Every subject of the plane. Written by `cargo xtask codegen`.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "components": {
            "messages": messages,
            "messageTraits": {"cloudevent": {"headers": headers()}},
        },
    }))
}

/// Where the catalog puts what any context may hold, and what is no context's.
const EVERY: &str = "every";
const JOURNAL: &str = "journal";

fn subjects_of(stream: &Stream) -> impl Iterator<Item = (&str, &'static str)> {
    let published = stream.subjects.iter().map(|subject| (subject.as_str(), "taken by"));
    let stored = stream.subject_transform.iter().map(|moved| (moved.dest.as_str(), "as stored in"));
    let again = stream.republish.iter().map(|moved| (moved.dest.as_str(), "published again from"));
    published.chain(stored).chain(again)
}

type Travelling<'a> = Vec<(String, &'a Word)>;

/// The channels of one address: each context's own where its words travel on it, else the address
/// as it is.
fn carried<'a>(
    address: &str,
    contexts: &BTreeSet<&str>,
    words: &'a [Word],
) -> Vec<(String, Travelling<'a>)> {
    let role = match address.split('.').next() {
        Some("cmd") => Role::Command,
        Some("evt" | "live") => Role::Event,
        Some("jrn") => return vec![(address.to_string(), of(JOURNAL, Role::Journal, words))],
        _ => return vec![(address.to_string(), Vec::new())],
    };
    let own = contexts
        .iter()
        .map(|context| (address.replace("{context}", context), of(context, role, words)));
    own.filter(|(_, travelling)| !travelling.is_empty()).collect()
}

fn of<'a>(context: &str, role: Role, words: &'a [Word]) -> Travelling<'a> {
    let holds =
        |word: &&Word| word.role == role && (word.context == context || word.context == EVERY);
    words.iter().filter(holds).map(|word| (word.kind.replace("<context>", context), word)).collect()
}

/// `cmd.{partition}.run.{name}.{id}` is the channel `cmd.partition.run.name.id`: keys may not hold
/// braces.
fn name_of(address: &str) -> String {
    address.replace(['{', '}'], "")
}

fn channel(address: &str, stream: &Stream, how: &str, messages: Map<String, Value>) -> Value {
    let names = address.split('.').filter_map(|token| token.strip_prefix('{')?.strip_suffix('}'));
    let parameters: Map<String, Value> =
        names.map(|name| (name.to_string(), json!({"description": meaning(name)}))).collect();
    json!({
        "address": address,
        "description": format!("{how} {}: {}", stream.name, stream.description),
        "parameters": parameters,
        "messages": messages,
    })
}

fn message(kind: &str, word: &Word) -> Value {
    json!({
        "name": kind,
        "title": word.name.replace('_', " "),
        "summary": word.schema["description"],
        "traits": [reference("messageTraits", "cloudevent")],
        "headers": {"type": "object", "properties": {header(ce::TYPE): {"const": kind}}},
        "payload": {
            "schemaFormat": "application/schema+json;version=draft-2020-12",
            "schema": {"$ref": schema_path(word)},
        },
    })
}

fn headers() -> Value {
    let all = REQUIRED.iter().chain(&OPTIONAL);
    let properties: Map<String, Value> = all
        .map(|(name, says)| (header(name), json!({"type": "string", "description": says})))
        .collect();
    json!({
        "type": "object",
        "description": "CloudEvents 1.0, binary mode; values percent-encoded as its NATS binding says",
        "properties": properties,
        "required": REQUIRED.map(|(name, _)| header(name)),
    })
}

fn header(attribute: &str) -> String {
    format!("ce-{attribute}")
}

fn reference(part: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{part}/{name}")})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(subjects: &[&str], moved: Option<&str>) -> Stream {
        Stream {
            name: "S".into(),
            description: "a stream".into(),
            subjects: subjects.iter().map(|subject| subject.to_string()).collect(),
            subject_transform: moved.map(|dest| Moved { dest: dest.into() }),
            republish: None,
        }
    }

    fn word(context: &str, role: Role, name: &str) -> Word {
        let context_in_kind = if context == EVERY { "<context>" } else { context };
        Word {
            context: context.into(),
            role,
            name: name.into(),
            kind: format!("helmstream.{context_in_kind}.{name}.v1"),
            schema: json!({"description": "says so"}),
            decodes: |_, _| Ok(()),
        }
    }

    fn document() -> Value {
        let words = [
            word("run", Role::Command, "report"),
            word("run", Role::Event, "started"),
            word("plane", Role::Event, "founded"),
            word(EVERY, Role::Event, "command_refused"),
            word(JOURNAL, Role::Journal, "lost"),
        ];
        let moved = Some("cmd.{{partition(4,3)}}.{{wildcard(1)}}.{{wildcard(2)}}.{{wildcard(3)}}");
        let streams = [
            stream(&["cmd.*.*.*"], moved),
            stream(&["evt.*.*"], None),
            stream(&["jrn.*", "state.*.*"], None),
        ];
        asyncapi(&streams, &words).expect("the grammar knows these")
    }

    #[test]
    fn a_context_has_a_channel_where_its_words_travel_and_stays_a_parameter_elsewhere() {
        let document = document();
        let channels: Vec<&str> =
            document["channels"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(
            channels,
            [
                "cmd.partition.run.name.id",
                "cmd.run.name.id",
                "evt.plane.id",
                "evt.run.id",
                "jrn.origin",
                "state.context.id",
            ]
        );
        assert_eq!(document["channels"]["evt.run.id"]["address"], "evt.run.{id}");
    }

    #[test]
    fn a_channel_carries_its_contexts_words_and_those_of_every_context() {
        let carried = |channel: &str| -> Vec<String> {
            document()["channels"][channel]["messages"]
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect()
        };
        assert_eq!(
            carried("evt.run.id"),
            ["helmstream.run.command_refused.v1", "helmstream.run.started.v1"]
        );
        assert_eq!(
            carried("evt.plane.id"),
            ["helmstream.plane.command_refused.v1", "helmstream.plane.founded.v1"]
        );
        assert_eq!(carried("cmd.run.name.id"), ["helmstream.run.report.v1"]);
        assert_eq!(carried("jrn.origin"), ["helmstream.journal.lost.v1"]);
    }

    #[test]
    fn a_message_points_at_its_schema_and_says_its_type() {
        let message = &document()["components"]["messages"]["helmstream.run.command_refused.v1"];
        assert_eq!(message["payload"]["schema"]["$ref"], "json/every/event.command_refused.json");
        assert_eq!(
            message["headers"]["properties"]["ce-type"]["const"],
            "helmstream.run.command_refused.v1"
        );
    }

    #[test]
    fn every_reference_inside_the_document_leads_somewhere() {
        fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(object) => {
                    found.extend(object.get("$ref").and_then(Value::as_str));
                    object.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|value| references(value, found)),
                _ => {}
            }
        }
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        let inner: Vec<_> =
            found.iter().filter_map(|reference| reference.strip_prefix('#')).collect();
        assert!(inner.len() >= 10, "{inner:?}");
        assert!(inner.iter().all(|pointer| document.pointer(pointer).is_some()), "{inner:?}");
    }

    #[test]
    fn a_subject_outside_the_grammar_is_refused() {
        let unknown = asyncapi(&[stream(&["evt.>"], None)], &[]).unwrap_err();
        assert_eq!(unknown, UnknownSubject { stream: "S".into(), subject: "evt.>".into() });
    }
}
