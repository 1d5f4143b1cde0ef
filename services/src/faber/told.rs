//! What became of a file: one word. Of several things that it says the worst one counts.

use std::collections::BTreeMap;

use helmstream_core::faber::Piece;
use helmstream_schemas::{Context, outcome::Outcome};
use serde::{Serialize, Serializer};

use super::read::Seen;
use crate::{
    client::{Failure, publish::Settled},
    limits::FABER_REASONS_MAX,
};

/// What became of a file, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// It says nothing that has to be kept.
    Nothing,
    /// All that it says was known.
    HadAlready,
    /// It became facts.
    Taken,
    /// Nothing was heard of it.
    UnknownYet,
    /// It says otherwise than was said before.
    Conflict,
    /// It could not be read and is kept.
    Quarantined,
    /// It should not have been asked.
    Refused,
    /// It vanished from INBOX.
    Lost,
}

impl Word {
    pub const ALL: [Word; 8] = [
        Self::Taken,
        Self::HadAlready,
        Self::Nothing,
        Self::Conflict,
        Self::Quarantined,
        Self::Refused,
        Self::Lost,
        Self::UnknownYet,
    ];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::HadAlready => "had already",
            Self::Taken => "taken",
            Self::UnknownYet => "unknown yet",
            Self::Conflict => "conflict",
            Self::Quarantined => "quarantined",
            Self::Refused => "refused",
            Self::Lost => "lost",
        }
    }

    /// Whether a person has to look at it.
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Conflict | Self::Quarantined | Self::Refused | Self::Lost)
    }
}

impl Serialize for Word {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.word().replace(' ', "_"))
    }
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Told {
    pub path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    pub shape: &'static str,
    pub outcome: Word,
    /// How many events of it became what.
    pub events: BTreeMap<Word, u64>,
    /// Why, as far as it is not plain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Reason>,
}

/// Why something of a file became what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    pub outcome: Word,
    /// Where in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The publish that has it: of something that was known, the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inbox_sequence: Option<u64>,
    /// Whether it was known before.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_known: bool,
    pub reason: String,
}

impl Told {
    /// A file of which nothing was told yet.
    pub fn of(seen: &Seen) -> Self {
        let reason = |reason: &String| Reason {
            outcome: Word::Nothing,
            place: None,
            inbox_sequence: None,
            is_known: false,
            reason: reason.clone(),
        };
        Self {
            path: seen.path.clone(),
            commit: seen.commit.as_ref().map(|commit| commit.id.clone()),
            shape: seen.shape.name(),
            outcome: Word::Nothing,
            events: BTreeMap::new(),
            reasons: seen.why.iter().map(reason).collect(),
        }
    }

    /// Adds what became of a piece of it.
    pub fn add(&mut self, piece: &Said, what: &Result<Settled, Failure>) {
        let (outcome, reason) = judged(piece, what);
        self.outcome = self.outcome.max(outcome);
        *self.events.entry(outcome).or_default() += 1;
        let settled = what.as_ref().ok();
        let first = settled.and_then(Settled::counted).and_then(|outcome| match outcome {
            Outcome::DuplicateOf { first_inbox_sequence } => Some(*first_inbox_sequence),
            _ => None,
        });
        let own = settled.map(|settled| settled.receipt.inbox_sequence);
        let (inbox_sequence, is_known) = (first.or(own), first.is_some());
        if let (Some(reason), true) = (reason, self.reasons.len() < FABER_REASONS_MAX) {
            let place = piece.place.clone();
            self.reasons.push(Reason { outcome, place, inbox_sequence, is_known, reason });
        }
    }

    /// The reason for its word.
    pub fn reason(&self) -> Option<&Reason> {
        self.reasons.iter().find(|reason| reason.outcome == self.outcome)
    }
}

/// What is known of a piece besides its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub place: Option<String>,
    pub quarantined: Option<String>,
}

impl From<&Piece> for Said {
    fn from(piece: &Piece) -> Self {
        Self { place: piece.place.clone(), quarantined: piece.quarantined.clone() }
    }
}

fn judged(piece: &Said, what: &Result<Settled, Failure>) -> (Word, Option<String>) {
    let settled = match what {
        Ok(settled) => settled,
        Err(failure) => return (Word::Refused, Some(failure.detail.clone())),
    };
    let Some(outcome) = settled.counted() else {
        return (Word::UnknownYet, Some("it lies in INBOX, and nothing was heard of it".into()));
    };
    match outcome {
        Outcome::Event { name, context, aggregate, sequence, .. }
            if name == "claim_disputed" && context == Context::Run.name() =>
        {
            let reason = format!("{aggregate} said otherwise before; event {sequence} has both");
            (Word::Conflict, Some(reason))
        }
        Outcome::Event { .. } | Outcome::ExternalFact { .. } => (Word::Taken, None),
        // That it is known does not mend it.
        Outcome::DuplicateOf { .. } => match &piece.quarantined {
            Some(reason) => (Word::Quarantined, Some(reason.clone())),
            None => (Word::HadAlready, None),
        },
        Outcome::Unchanged { .. } => (Word::HadAlready, None),
        Outcome::Refused { reason, detail, .. } => {
            (Word::Refused, Some(format!("{reason}: {detail}")))
        }
        Outcome::DeadLetter { reason, detail, .. } if reason == "conflict" => {
            (Word::Conflict, Some(detail.clone()))
        }
        Outcome::DeadLetter { reason, detail, .. } => {
            let own = piece.quarantined.clone();
            (Word::Quarantined, Some(own.unwrap_or_else(|| format!("{reason}: {detail}"))))
        }
        Outcome::Lost => (Word::Lost, Some("it vanished from INBOX; sync again".into())),
    }
}

#[cfg(test)]
#[path = "told_tests.rs"]
mod tests;
