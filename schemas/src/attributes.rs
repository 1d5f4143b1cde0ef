//! CloudEvents attributes as the plane uses them: the required ones, and extensions of ours that
//! say who caused what. Plain texts by name; what they are as headers is the stream's affair.

use std::{collections::BTreeMap, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Context, Hash, Timestamp};

/// The version of CloudEvents that is taken and written.
pub const SPECVERSION: &str = "1.0";

pub const ID: &str = "id";
pub const SOURCE: &str = "source";
pub const TYPE: &str = "type";
pub const TIME: &str = "time";
pub const SUBJECT: &str = "subject";
pub const DATACONTENTTYPE: &str = "datacontenttype";
/// Id of the command that caused an event, or of the message that caused a command.
pub const CAUSATIONID: &str = "causationid";
/// Hash of the command record that caused an event.
pub const CAUSATIONHASH: &str = "causationhash";
/// What belongs together from end to end: the aggregate a publish was first about.
pub const CORRELATIONID: &str = "correlationid";
/// Who asked, stamped by a door from the authenticated identity.
pub const ACTOR: &str = "actor";
pub const ACTORKIND: &str = "actorkind";
/// The publisher's own trace, never rewritten.
pub const TRACEPARENT: &str = "traceparent";
/// When the door received what became this command.
pub const RECEIVEDTIME: &str = "receivedtime";
/// Position in INBOX of the message that became this command.
pub const INBOXSEQUENCE: &str = "inboxsequence";
/// Digest of (publisher, source, id): under which key the door knows a publish.
pub const DOORKEY: &str = "doorkey";
/// Digest of what was published, to tell a repeat from a conflict.
pub const CONTENTHASH: &str = "contenthash";
/// Whose permission published it: the token of `in.<publisher>`.
pub const PUBLISHER: &str = "publisher";
/// The publisher's own id for it, cleaned.
pub const ORIGINID: &str = "originid";

/// What kind of being acts. An agent may ask for much and grant nothing.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    Human,
    Service,
    Agent,
}

impl fmt::Display for ActorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Human => "human",
            Self::Service => "service",
            Self::Agent => "agent",
        })
    }
}

impl FromStr for ActorKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Human, Self::Service, Self::Agent];
        all.into_iter().find(|kind| kind.to_string() == text).ok_or(())
    }
}

/// CloudEvents attributes by name, without the `ce-` prefix.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attributes(BTreeMap<String, String>);

/// An attribute that is missing or is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    #[error("attribute `{0}` is missing")]
    Missing(&'static str),
    #[error("attribute `{name}` is `{value}`, which is not {wanted}")]
    Unreadable { name: &'static str, value: String, wanted: &'static str },
}

impl Attributes {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets an attribute, replacing what it was.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// All attributes, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of an attribute that has to be there.
    pub fn required(&self, name: &'static str) -> Result<&str, AttributeError> {
        self.get(name).ok_or(AttributeError::Missing(name))
    }

    /// An attribute that has to be there, read as what it stands for; `wanted` says what that is.
    pub fn read<T: FromStr>(
        &self,
        name: &'static str,
        wanted: &'static str,
    ) -> Result<T, AttributeError> {
        let value = self.required(name)?;
        value.parse().map_err(|_| AttributeError::Unreadable {
            name,
            value: value.to_owned(),
            wanted,
        })
    }

    /// The id, which on our own streams is always a UUID.
    pub fn uuid(&self) -> Result<Uuid, AttributeError> {
        self.read(ID, "a UUID")
    }

    /// A digest held in an attribute.
    pub fn hash(&self, name: &'static str) -> Result<Hash, AttributeError> {
        self.read(name, "a SHA-256 digest")
    }

    /// An instant held in an attribute.
    pub fn timestamp(&self, name: &'static str) -> Result<Timestamp, AttributeError> {
        self.read(name, "an RFC 3339 time")
    }

    /// The type, taken apart.
    pub fn kind(&self) -> Result<Kind, AttributeError> {
        self.read(TYPE, "a type of this plane, such as helmstream.run.started.v1")
    }
}

impl FromStr for Timestamp {
    type Err = crate::time::TimeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// The type of a command or event of ours: `helmstream.<context>.<name>.v<version>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    pub context: Context,
    pub name: String,
    pub version: u32,
}

impl Kind {
    /// The first version of a word.
    pub fn first(context: Context, name: impl Into<String>) -> Self {
        Self { context, name: name.into(), version: 1 }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "helmstream.{}.{}.v{}", self.context, self.name, self.version)
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut tokens = text.split('.');
        let mut next = || tokens.next().ok_or(());
        if next()? != "helmstream" {
            return Err(());
        }
        let context = Context::named(next()?).ok_or(())?;
        let name = next()?.to_owned();
        let version = next()?.strip_prefix('v').ok_or(())?.parse().map_err(|_| ())?;
        if tokens.next().is_some() {
            return Err(());
        }
        Ok(Self { context, name, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_reads_back_as_it_was_written() {
        let kind = Kind::first(Context::Run, "step_ended");
        assert_eq!(kind.to_string(), "helmstream.run.step_ended.v1");
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }

    #[test]
    fn what_is_not_a_type_of_ours_is_said_with_its_name() {
        let mut attributes = Attributes::default();
        assert_eq!(attributes.kind(), Err(AttributeError::Missing("type")));
        for foreign in ["run.started", "helmstream.run.started", "helmstream.run.started.v1.x"] {
            attributes.set(TYPE, foreign);
            let error = attributes.kind().unwrap_err().to_string();
            assert!(error.contains(foreign), "{error}");
        }
    }
}
