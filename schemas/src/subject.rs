//! The one grammar of subjects: the only place where a subject is put together or taken apart.
//! Every token after the first is a name of ours or an encoded identity, so one typed value can
//! never cover another aggregate by accident.

use std::{fmt, str::FromStr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Context, limits::ID_BYTES_MAX};

/// Bytes that stand for themselves in a token beside letters and digits. The dot, the wildcards,
/// white space and everything a server or a shell could take for its own are escaped.
const ESCAPED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'/').remove(b':').remove(b'@');

/// The identity of an aggregate, as its own world writes it (a run's name, an ARN, a path).
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct Id(String);

/// An identity or a subject that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    #[error("an identity cannot be empty")]
    EmptyId,
    #[error("an identity of {0} bytes is over the limit of {ID_BYTES_MAX}")]
    LongId(usize),
    #[error("`{0}` is not an identity in the form subjects carry")]
    NotAToken(String),
    #[error("`{0}` is not a subject of this plane")]
    NotASubject(String),
}

impl Id {
    /// Takes any text of 1 to `ID_BYTES_MAX` bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, SubjectError> {
        let text = text.into();
        match text.len() {
            0 => Err(SubjectError::EmptyId),
            len if len > ID_BYTES_MAX => Err(SubjectError::LongId(len)),
            _ => Ok(Self(text)),
        }
    }

    /// The identity as its own world writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identity as one token of a subject.
    pub fn token(&self) -> String {
        utf8_percent_encode(&self.0, ESCAPED).to_string()
    }

    /// Reads a token back. A token in any other than the one form `token` writes is refused, so
    /// that one aggregate has exactly one subject.
    pub fn from_token(token: &str) -> Result<Self, SubjectError> {
        let refuse = || SubjectError::NotAToken(token.to_owned());
        let text = percent_decode_str(token).decode_utf8().map_err(|_| refuse())?;
        let id = Self::new(text)?;
        if id.token() == token { Ok(id) } else { Err(refuse()) }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Id {
    type Error = SubjectError;

    fn try_from(text: String) -> Result<Self, SubjectError> {
        Self::new(text)
    }
}

impl From<Id> for String {
    fn from(id: Id) -> Self {
        id.0
    }
}

/// A subject of this plane. `publisher`, `origin`, `name` and `purpose` are names of our own
/// (letters, digits, `-`, `_`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// `in.<publisher>`: what the outside says.
    In { publisher: String },
    /// `cmd.<context>.<name>.<id>`: a command as it is published.
    Command { context: Context, name: String, id: Id },
    /// `cmd.<partition>.<context>.<name>.<id>`: a command as the server stores it.
    StoredCommand { partition: u32, context: Context, name: String, id: Id },
    /// `evt.<context>.<id>`: the facts and refusals of one aggregate.
    Event { context: Context, id: Id },
    /// `live.<context>.<id>`: a stored event, published again for those who only look.
    Live { context: Context, id: Id },
    /// `state.<context>.<id>`: the aggregate's last snapshot.
    State { context: Context, id: Id },
    /// `sch.<context>.<id>.<purpose>`: a deadline that is armed.
    Schedule { context: Context, id: Id, purpose: String },
    /// `due.<context>.<id>.<purpose>`: a deadline that has come.
    Due { context: Context, id: Id, purpose: String },
    /// `jrn.<origin>`: outcomes that leave no event.
    Journal { origin: String },
    /// `dead.<origin>`: what could not be read.
    Dead { origin: String },
    /// `sig.<context>.<id>`: raw measurements of one thing, kept for some days.
    Signal { context: Context, id: Id },
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In { publisher } => write!(f, "in.{publisher}"),
            Self::Command { context, name, id } => {
                write!(f, "cmd.{context}.{name}.{}", id.token())
            }
            Self::StoredCommand { partition, context, name, id } => {
                write!(f, "cmd.{partition}.{context}.{name}.{}", id.token())
            }
            Self::Event { context, id } => write!(f, "evt.{context}.{}", id.token()),
            Self::Live { context, id } => write!(f, "live.{context}.{}", id.token()),
            Self::State { context, id } => write!(f, "state.{context}.{}", id.token()),
            Self::Schedule { context, id, purpose } => {
                write!(f, "sch.{context}.{}.{purpose}", id.token())
            }
            Self::Due { context, id, purpose } => {
                write!(f, "due.{context}.{}.{purpose}", id.token())
            }
            Self::Journal { origin } => write!(f, "jrn.{origin}"),
            Self::Dead { origin } => write!(f, "dead.{origin}"),
            Self::Signal { context, id } => write!(f, "sig.{context}.{}", id.token()),
        }
    }
}

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let refuse = || SubjectError::NotASubject(text.to_owned());
        let context = |name: &str| Context::named(name).ok_or_else(refuse);
        let own = |name: &str| is_own_name(name).then(|| name.to_owned()).ok_or_else(refuse);
        let tokens: Vec<&str> = text.split('.').collect();
        Ok(match tokens[..] {
            ["in", publisher] => Self::In { publisher: own(publisher)? },
            ["cmd", ctx, name, id] => {
                Self::Command { context: context(ctx)?, name: own(name)?, id: Id::from_token(id)? }
            }
            ["cmd", partition, ctx, name, id] => Self::StoredCommand {
                partition: partition.parse().map_err(|_| refuse())?,
                context: context(ctx)?,
                name: own(name)?,
                id: Id::from_token(id)?,
            },
            ["evt", ctx, id] => Self::Event { context: context(ctx)?, id: Id::from_token(id)? },
            ["live", ctx, id] => Self::Live { context: context(ctx)?, id: Id::from_token(id)? },
            ["state", ctx, id] => Self::State { context: context(ctx)?, id: Id::from_token(id)? },
            ["sch", ctx, id, purpose] => Self::Schedule {
                context: context(ctx)?,
                id: Id::from_token(id)?,
                purpose: own(purpose)?,
            },
            ["due", ctx, id, purpose] => Self::Due {
                context: context(ctx)?,
                id: Id::from_token(id)?,
                purpose: own(purpose)?,
            },
            ["jrn", origin] => Self::Journal { origin: own(origin)? },
            ["dead", origin] => Self::Dead { origin: own(origin)? },
            ["sig", ctx, id] => Self::Signal { context: context(ctx)?, id: Id::from_token(id)? },
            _ => return Err(refuse()),
        })
    }
}

fn is_own_name(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_identity_is_one_token_and_reads_back(text in "\\PC{1,80}|[ .*>%$/\\\\\u{0}\u{7f}]{1,40}") {
            let id = Id::new(text).unwrap();
            let token = id.token();
            prop_assert!(token.bytes().all(|b| b.is_ascii_graphic()));
            prop_assert!(!token.contains(['.', '*', '>', '$', '\\']));
            prop_assert_eq!(Id::from_token(&token), Ok(id));
        }

        #[test]
        fn two_identities_never_share_a_token(a in "\\PC{1,12}", b in "\\PC{1,12}") {
            let (left, right) = (Id::new(a).unwrap(), Id::new(b).unwrap());
            prop_assert_eq!(left == right, left.token() == right.token());
        }

        #[test]
        fn whatever_reads_as_a_subject_writes_itself_again(text in "(in|cmd|evt|live|state|sch|due|jrn|dead|sig)(\\.(run|alias|stalled|0|3|a%2Eb|%2e|%|x-y|/)){0,5}") {
            if let Ok(subject) = text.parse::<Subject>() {
                prop_assert_eq!(subject.to_string(), text);
            }
        }
    }

    #[test]
    fn every_form_reads_back() {
        let id = Id::new("acme/shop.1 *>%").unwrap();
        let context = Context::Run;
        let (name, origin) = ("report".to_owned(), "door".to_owned());
        for subject in [
            Subject::In { publisher: "faber".into() },
            Subject::Command { context, name: name.clone(), id: id.clone() },
            Subject::StoredCommand { partition: 3, context, name, id: id.clone() },
            Subject::Event { context, id: id.clone() },
            Subject::Live { context, id: id.clone() },
            Subject::State { context, id: id.clone() },
            Subject::Schedule { context, id: id.clone(), purpose: "stalled".into() },
            Subject::Signal { context, id: id.clone() },
            Subject::Due { context, id, purpose: "stalled".into() },
            Subject::Journal { origin: origin.clone() },
            Subject::Dead { origin },
        ] {
            assert_eq!(subject.to_string().parse(), Ok(subject));
        }
    }

    #[test]
    fn an_escaped_letter_is_not_a_second_name_for_the_same_aggregate() {
        assert!(Id::from_token("%61").is_err());
        assert!(Id::from_token("a%2eb").is_err());
        assert_eq!(Id::from_token("a%2Eb"), Id::new("a.b"));
    }

    #[test]
    fn an_identity_has_bounds() {
        assert_eq!(Id::new(""), Err(SubjectError::EmptyId));
        assert!(Id::new("x".repeat(ID_BYTES_MAX)).is_ok());
        assert_eq!(
            Id::new("x".repeat(ID_BYTES_MAX + 1)),
            Err(SubjectError::LongId(ID_BYTES_MAX + 1))
        );
    }

    #[test]
    fn wildcards_and_foreign_words_are_no_subject() {
        for text in
            ["", "in.*", "in.a.b", "evt.run.>", "evt.nope.a", "cmd.x.run.report.a", "evt.run."]
        {
            assert!(text.parse::<Subject>().is_err(), "{text}");
        }
    }
}
