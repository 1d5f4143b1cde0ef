//! CloudEvents attributes as the plane uses them: the required ones, and extensions of ours that
//! say who caused what. Plain texts by name; what they are as headers is the stream's affair.

use std::{borrow::Cow, collections::BTreeMap, fmt, ops::Range, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
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
/// The revision at which whoever asks expects the aggregate that it asks; see `Expected`.
pub const EXPECTEDREVISION: &str = "expectedrevision";

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

/// CloudEvents attributes by name, without the `ce-` prefix. There are a dozen and more in every
/// message, so their values lie in one text, and names of ours are not copied: to make a message's
/// attributes costs two pieces of memory, not two dozen.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(from = "BTreeMap<String, String>")]
#[schemars(with = "BTreeMap<String, String>")]
pub struct Attributes {
    /// In the order of their names; of each where its value begins and ends.
    named: Vec<(Cow<'static, str>, Range<usize>)>,
    /// All values; and what was replaced, which nobody refers to any more.
    values: String,
}

/// Room made at once: as many as an event of ours has, and as long.
const ATTRIBUTES_EXPECTED: usize = 16;
const VALUES_BYTES_EXPECTED: usize = 512;

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
        self.place(name).ok().map(|at| &self.values[self.named[at].1.clone()])
    }

    /// Sets an attribute, replacing what it was.
    pub fn set(&mut self, name: &str, value: impl AsRef<str>) {
        if self.named.capacity() == 0 {
            self.named.reserve(ATTRIBUTES_EXPECTED);
            self.values.reserve(VALUES_BYTES_EXPECTED);
        }
        let begins = self.values.len();
        self.values.push_str(value.as_ref());
        let held = begins..self.values.len();
        match self.place(name) {
            Ok(at) => self.named[at].1 = held,
            Err(at) => {
                let name = own_name(name).map_or_else(|| name.to_owned().into(), Cow::Borrowed);
                self.named.insert(at, (name, held));
            }
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.named.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// Where a name is, or where it would be.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.named.binary_search_by(|(known, _)| (**known).cmp(name))
    }

    /// All attributes, in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.named.iter().map(|(name, held)| (&**name, &self.values[held.clone()]))
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

/// The same name, for ever, if it is one that is used here.
pub fn own_name(name: &str) -> Option<&'static str> {
    // A match and not a search: the compiler goes by length first.
    Some(match name {
        "specversion" => "specversion",
        ID => ID,
        SOURCE => SOURCE,
        TYPE => TYPE,
        TIME => TIME,
        SUBJECT => SUBJECT,
        DATACONTENTTYPE => DATACONTENTTYPE,
        CAUSATIONID => CAUSATIONID,
        CAUSATIONHASH => CAUSATIONHASH,
        CORRELATIONID => CORRELATIONID,
        ACTOR => ACTOR,
        ACTORKIND => ACTORKIND,
        TRACEPARENT => TRACEPARENT,
        RECEIVEDTIME => RECEIVEDTIME,
        INBOXSEQUENCE => INBOXSEQUENCE,
        DOORKEY => DOORKEY,
        CONTENTHASH => CONTENTHASH,
        PUBLISHER => PUBLISHER,
        ORIGINID => ORIGINID,
        EXPECTEDREVISION => EXPECTEDREVISION,
        _ => return None,
    })
}

impl PartialEq for Attributes {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Attributes {}

impl From<BTreeMap<String, String>> for Attributes {
    fn from(map: BTreeMap<String, String>) -> Self {
        let mut attributes = Self::default();
        map.iter().for_each(|(name, value)| attributes.set(name, value));
        attributes
    }
}

/// As a map, straight from where they lie: the ledger writes those of every record.
impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_type_reads_back_as_it_was_written() {
        let kind = Kind::first(Context::Run, "step_ended");
        assert_eq!(kind.to_string(), "helmstream.run.step_ended.v1");
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }

    proptest! {
        #[test]
        fn attributes_hold_what_a_map_would(
            named in prop::collection::vec(("\\PC{0,6}|id|type|time|actor", "\\PC{0,4}"), 0..40),
        ) {
            let (mut attributes, mut map) = (Attributes::default(), BTreeMap::new());
            for (name, value) in named {
                attributes.set(&name, value.as_str());
                map.insert(name, value);
            }
            prop_assert_eq!(attributes.len(), map.len());
            prop_assert_eq!(attributes.get("id"), map.get("id").map(String::as_str));
            prop_assert!(attributes.iter().eq(map.iter().map(|(n, v)| (n.as_str(), v.as_str()))));
            let json = serde_json::to_string(&attributes).unwrap();
            prop_assert_eq!(&json, &serde_json::to_string(&map).unwrap());
            prop_assert_eq!(serde_json::from_str::<Attributes>(&json).unwrap(), attributes);
        }
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
