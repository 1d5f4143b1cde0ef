//! What whoever asks expects of the aggregate that it asks: the revision that it saw, one of
//! several, or that there is such an aggregate at all. It travels as one attribute of the event, and
//! of the command that the event becomes; what comes of it is decided by the aggregate.

use std::{borrow::Cow, collections::BTreeSet, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::limits::REVISIONS_EXPECTED_MAX;

/// What is expected of an aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Expected {
    /// That it exists, at whatever revision. Written `*`.
    Any,
    /// That its revision is one of these. Written as numbers, with a comma in between.
    OneOf(BTreeSet<u64>),
}

/// A text that is no expectation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a revision is a position on EVENTS, such as 41; several have commas in between, {REVISIONS_EXPECTED_MAX} at most; `*` is any"
)]
pub struct NotExpected;

impl Expected {
    /// One of these; there has to be one, and there can be only so many.
    pub fn one_of(revisions: impl IntoIterator<Item = u64>) -> Result<Self, NotExpected> {
        let revisions: BTreeSet<u64> = revisions.into_iter().collect();
        match (1..=REVISIONS_EXPECTED_MAX).contains(&revisions.len()) {
            true => Ok(Self::OneOf(revisions)),
            false => Err(NotExpected),
        }
    }

    /// Whether an aggregate is as it was expected.
    pub fn is_met(&self, revision: u64, exists: bool) -> bool {
        match self {
            Self::Any => exists,
            Self::OneOf(revisions) => revisions.contains(&revision),
        }
    }
}

impl From<u64> for Expected {
    fn from(revision: u64) -> Self {
        Self::OneOf(BTreeSet::from([revision]))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::OneOf(revisions) => {
                let texts: Vec<String> = revisions.iter().map(u64::to_string).collect();
                f.write_str(&texts.join(","))
            }
        }
    }
}

impl FromStr for Expected {
    type Err = NotExpected;

    fn from_str(text: &str) -> Result<Self, NotExpected> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let each = text.split(',').map(|part| {
            let digits = part.trim();
            let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|_| is_plain).ok_or(NotExpected)
        });
        Self::one_of(each.collect::<Result<BTreeSet<u64>, _>>()?)
    }
}

impl TryFrom<String> for Expected {
    type Error = NotExpected;

    fn try_from(text: String) -> Result<Self, NotExpected> {
        text.parse()
    }
}

impl From<Expected> for String {
    fn from(expected: Expected) -> Self {
        expected.to_string()
    }
}

impl JsonSchema for Expected {
    fn schema_name() -> Cow<'static, str> {
        "Expected".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(\\*|[0-9]+(,[0-9]+)*)$" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn it_is_a_position_or_several_or_anything_that_is_there() {
        assert_eq!("*".parse(), Ok(Expected::Any));
        assert_eq!("41".parse(), Ok(Expected::from(41)));
        assert_eq!("43, 41".parse(), Expected::one_of([41, 43]));
        for wrong in ["", "*,1", "-1", "+1", "1,", "x", "1.0", "99999999999999999999999", "0x1"] {
            assert_eq!(wrong.parse::<Expected>(), Err(NotExpected), "{wrong}");
        }
        assert!(Expected::one_of(0..REVISIONS_EXPECTED_MAX as u64).is_ok());
        assert!(Expected::one_of(0..=REVISIONS_EXPECTED_MAX as u64).is_err());
        assert!(Expected::Any.is_met(3, true) && !Expected::Any.is_met(3, false));
        assert!(Expected::from(3).is_met(3, false) && !Expected::from(3).is_met(4, true));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(revisions in prop::collection::btree_set(any::<u64>(), 1..=16)) {
            let expected = Expected::one_of(revisions).unwrap();
            prop_assert_eq!(expected.to_string().parse(), Ok(expected.clone()));
            let json = serde_json::to_string(&expected).unwrap();
            prop_assert_eq!(serde_json::from_str::<Expected>(&json).unwrap(), expected);
        }
    }
}
