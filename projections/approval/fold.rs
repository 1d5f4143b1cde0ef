//! Events of an approval into its rounds.

use helmstream_schemas::{
    Timestamp,
    approval::{Answered, ApprovalEvent, Asked, Gate},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An approval, round after round.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ApprovalView {
    pub rounds: Vec<Round>,
    /// Position of the event that asked last; lists are in this order.
    pub asked_seq: u64,
    pub last_seq: u64,
}

/// One round: asked for, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ApprovalRound")]
pub struct Round {
    pub number: u32,
    pub gate: Gate,
    /// What was asked last in this round.
    pub asked: Asked,
    /// What was asked before in this round, and can be consented to no more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Asked>,
    pub expires_at: Timestamp,
    pub reminded: bool,
    pub standing: Standing,
    /// Who answered or took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
}

/// How an approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ApprovalStanding")]
pub enum Standing {
    Open,
    Granted,
    Denied,
    Withdrawn,
    Expired,
}

impl ApprovalView {
    /// Folds the event at `sequence`; whether that changed anything.
    pub fn fold(&mut self, sequence: u64, event: ApprovalEvent) -> bool {
        if sequence <= self.last_seq {
            return false;
        }
        self.last_seq = sequence;
        match event {
            ApprovalEvent::Requested(e) => {
                self.asked_seq = sequence;
                self.rounds.push(Round {
                    number: e.round,
                    gate: e.gate,
                    asked: e.asked,
                    earlier: Vec::new(),
                    expires_at: e.expires_at,
                    reminded: false,
                    standing: Standing::Open,
                    answered: None,
                });
            }
            ApprovalEvent::Renewed(e) => self.last(|round| {
                let before = std::mem::replace(&mut round.asked, e.asked);
                round.earlier.push(before);
            }),
            ApprovalEvent::Reminded(_) => self.last(|round| round.reminded = true),
            ApprovalEvent::Granted(e) => self.answer(Standing::Granted, e),
            ApprovalEvent::Denied(e) => self.answer(Standing::Denied, e),
            ApprovalEvent::Withdrawn(e) => self.answer(Standing::Withdrawn, e),
            ApprovalEvent::Expired(_) => self.last(|round| round.standing = Standing::Expired),
        }
        true
    }

    /// How the last round stands.
    pub fn standing(&self) -> Standing {
        self.rounds.last().map_or(Standing::Open, |round| round.standing)
    }

    fn answer(&mut self, standing: Standing, answered: Answered) {
        self.last(|round| {
            round.standing = standing;
            round.answered = Some(answered);
        });
    }

    fn last(&mut self, change: impl FnOnce(&mut Round)) {
        self.rounds.last_mut().map(change);
    }
}

impl Standing {
    pub const ALL: [Standing; 5] =
        [Self::Open, Self::Granted, Self::Denied, Self::Withdrawn, Self::Expired];

    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Granted => "granted",
            Self::Denied => "denied",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
        }
    }

    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|standing| standing.word() == word)
    }
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
