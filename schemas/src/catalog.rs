//! Every command and event there is, with its JSON Schema: what codegen writes out and what tests
//! walk. A context's words enter by one line here.

use std::{collections::BTreeMap, sync::LazyLock};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    Context, Hash,
    access::{AccessCommand, AccessEvent},
    alias::AliasEvent,
    approval::{ApprovalCommand, ApprovalEvent},
    attributes::Kind,
    dead_letter::{DeadLetterCommand, DeadLetterEvent},
    deployment::{DeploymentCommand, DeploymentEvent},
    external::{ExternalCommand, ExternalEvent},
    journal::JournalEntry,
    plane::PlaneEvent,
    refusal::CommandRefused,
    run::{RunCommand, RunEvent},
    words,
};

/// Whether a word is asked, has happened, or is an entry of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    Command,
    Event,
    Journal,
}

impl Role {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Command => "command",
            Self::Event => "event",
            Self::Journal => "journal",
        }
    }
}

/// One command, event or entry.
pub struct Word {
    /// The context's name; `journal` for entries, `every` for what any context may hold.
    pub context: String,
    pub role: Role,
    pub name: String,
    /// The CloudEvents type as it stands in `ce-type`.
    pub kind: String,
    /// JSON Schema (2020-12) of the payload.
    pub schema: Value,
    /// Says whether a payload can be read as this word.
    pub decodes: fn(&str, &[u8]) -> Result<(), words::WordError>,
}

/// Every word, by context, role and name.
pub fn catalog() -> Vec<Word> {
    let mut all = Vec::new();
    all.extend(of_enum::<AccessCommand>(Context::Access, Role::Command));
    all.extend(of_enum::<AccessEvent>(Context::Access, Role::Event));
    all.extend(of_enum::<AliasEvent>(Context::Alias, Role::Event));
    all.extend(of_enum::<ApprovalCommand>(Context::Approval, Role::Command));
    all.extend(of_enum::<ApprovalEvent>(Context::Approval, Role::Event));
    all.extend(of_enum::<DeadLetterCommand>(Context::DeadLetter, Role::Command));
    all.extend(of_enum::<DeadLetterEvent>(Context::DeadLetter, Role::Event));
    all.extend(of_enum::<DeploymentCommand>(Context::Deployment, Role::Command));
    all.extend(of_enum::<DeploymentEvent>(Context::Deployment, Role::Event));
    all.extend(of_enum::<ExternalCommand>(Context::External, Role::Command));
    all.extend(of_enum::<ExternalEvent>(Context::External, Role::Event));
    all.extend(of_enum::<PlaneEvent>(Context::Plane, Role::Event));
    all.extend(of_enum::<RunCommand>(Context::Run, Role::Command));
    all.extend(of_enum::<RunEvent>(Context::Run, Role::Event));
    all.extend(variants::<JournalEntry>().into_iter().map(|(name, schema)| Word {
        context: "journal".into(),
        role: Role::Journal,
        kind: journal_kind(&name),
        name,
        schema,
        decodes: |name, payload| words::decode::<JournalEntry>(name, payload).map(drop),
    }));
    all.push(Word {
        context: "every".into(),
        role: Role::Event,
        name: crate::refusal::COMMAND_REFUSED.into(),
        kind: "helmstream.<context>.command_refused.v1".into(),
        schema: schemars::schema_for!(CommandRefused).to_value(),
        decodes: |name, payload| {
            serde_json::from_slice::<CommandRefused>(payload)
                .map(drop)
                .map_err(|source| words::WordError { name: name.to_owned(), source })
        },
    });
    all.sort_by(|a, b| (&a.context, a.role, &a.name).cmp(&(&b.context, b.role, &b.name)));
    all
}

/// Tells the events that this version knows of a context from those that another one knows: its digest
/// is the same only where their names are.
pub fn events_of(context: Context) -> Hash {
    static DIGESTS: LazyLock<BTreeMap<String, Hash>> = LazyLock::new(|| {
        let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for word in catalog().into_iter().filter(|word| word.role == Role::Event) {
            names.entry(word.context).or_default().push(word.name);
        }
        let digest = |names: Vec<String>| Hash::of(names.join(" ").as_bytes());
        names.into_iter().map(|(context, names)| (context, digest(names))).collect()
    });
    DIGESTS.get(context.name()).copied().unwrap_or_else(|| Hash::of(b""))
}

/// The type of a journal entry.
pub fn journal_kind(name: &str) -> String {
    format!("helmstream.journal.{name}.v1")
}

fn of_enum<W: JsonSchema + DeserializeOwned>(context: Context, role: Role) -> Vec<Word> {
    variants::<W>()
        .into_iter()
        .map(|(name, schema)| Word {
            context: context.name().into(),
            role,
            kind: Kind::first(context, name.clone()).to_string(),
            name,
            schema,
            decodes: |name, payload| words::decode::<W>(name, payload).map(drop),
        })
        .collect()
}

/// Takes the schema of an enum of one-field variants apart: one schema for each, with the
/// definitions it may refer to.
fn variants<W: JsonSchema>() -> Vec<(String, Value)> {
    let whole = schemars::schema_for!(W).to_value();
    let definitions = whole.get("$defs").cloned();
    let alternatives = whole["oneOf"].as_array().cloned().unwrap_or_default();
    alternatives
        .iter()
        .filter_map(|one| {
            let (name, held) = one["properties"].as_object()?.iter().next()?;
            let mut schema = serde_json::json!({
                "$schema": "https://json-schema.org/draft/2020-12/schema",
                "title": name,
            });
            if let Some(description) = one.get("description") {
                schema["description"] = description.clone();
            }
            for (key, value) in held.as_object()? {
                schema[key] = value.clone();
            }
            if let Some(definitions) = &definitions {
                schema["$defs"] = definitions.clone();
            }
            Some((name.clone(), schema))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_listed_once_with_a_schema() {
        let all = catalog();
        let mut kinds: Vec<_> = all.iter().map(|w| (w.role, w.kind.clone())).collect();
        kinds.sort();
        kinds.dedup();
        assert_eq!(kinds.len(), all.len());
        assert!(all.iter().filter(|w| w.context == "run").count() >= 18);
        for word in &all {
            let held = word.schema.get("properties").or(word.schema.get("$ref"));
            assert!(held.is_some(), "{} has no schema", word.kind);
        }
    }
}
