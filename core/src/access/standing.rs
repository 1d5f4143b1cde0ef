//! Who may come in by which token, folded from the events of `access` and held in memory: what a
//! door asks of every request. It knows digests and no tokens, and what is compared is compared in
//! the same time whatever it is.

use std::collections::BTreeMap;

use helmstream_schemas::{
    Hash, Id, Record, Subject, Timestamp,
    access::{AccessEvent, Token},
    attributes::AttributeError,
    refusal::COMMAND_REFUSED,
    words::{self, WordError},
};
use subtle::ConstantTimeEq;

use super::{Principal, form};

/// Every token there ever was, as of a position of the log.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    /// By token id. Two holders that were given the same id both stand there.
    held: BTreeMap<String, Vec<Holder>>,
    read_to: u64,
}

/// Who holds a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The token's id.
    pub id: String,
    pub label: String,
    pub principal: Principal,
    pub expires_at: Timestamp,
    /// The aggregate.
    holder: Id,
    sha256: Hash,
    is_revoked: bool,
}

/// Why nobody is let in. For the log of the plane only: who asks is told nothing but no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("it has not the form of a token")]
    Malformed,
    #[error("there is no such token")]
    Unknown,
    #[error("it was revoked")]
    Revoked,
    #[error("it expired")]
    Expired,
}

/// An event of `access` that cannot be read. Whoever folds must not go on without it: it may be
/// that somebody is to be shut out.
#[derive(Debug, thiserror::Error)]
pub enum NotFolded {
    #[error("EVENTS {sequence}: `{subject}` is not the subject of a holder of tokens")]
    Subject { sequence: u64, subject: String },
    #[error("EVENTS {sequence}: {source}")]
    Attribute { sequence: u64, source: AttributeError },
    #[error("EVENTS {sequence}: {source}")]
    Word { sequence: u64, source: WordError },
}

impl Standing {
    /// Folds the next record of `evt.access.*`; one that was folded before changes nothing.
    pub fn apply(&mut self, record: &Record) -> Result<(), NotFolded> {
        let sequence = record.sequence;
        if sequence <= self.read_to {
            return Ok(());
        }
        let holder = match record.subject.parse() {
            Ok(Subject::Event { context: helmstream_schemas::Context::Access, id }) => id,
            _ => return Err(NotFolded::Subject { sequence, subject: record.subject.clone() }),
        };
        let kind =
            record.attributes.kind().map_err(|source| NotFolded::Attribute { sequence, source })?;
        if kind.name != COMMAND_REFUSED {
            let event = words::decode(&kind.name, &record.payload)
                .map_err(|source| NotFolded::Word { sequence, source })?;
            self.fold(holder, event);
        }
        self.read_to = sequence;
        Ok(())
    }

    /// Whom a token lets in at this moment.
    pub fn find(&self, presented: &str, now: Timestamp) -> Result<&Holder, Denied> {
        let id = form::id_of(presented).ok_or(Denied::Malformed)?;
        let digest = form::digest(presented);
        let held = self.held.get(id).map(Vec::as_slice).unwrap_or_default();
        let is_it = |holder: &&Holder| bool::from(holder.sha256.0.ct_eq(&digest.0));
        let holder = held.iter().rfind(is_it).ok_or(Denied::Unknown)?;
        match () {
            () if holder.is_revoked => Err(Denied::Revoked),
            () if holder.expires_at <= now => Err(Denied::Expired),
            () => Ok(holder),
        }
    }

    /// The last position that was folded.
    pub fn read_to(&self) -> u64 {
        self.read_to
    }

    fn fold(&mut self, holder: Id, event: AccessEvent) {
        match event {
            AccessEvent::Created(created) => {
                let principal = Principal::of(&created.token);
                let Token { id, label, expires_at, sha256, .. } = created.token;
                let held = self.held.entry(id.clone()).or_default();
                let is_revoked = false;
                held.push(Holder { id, label, principal, expires_at, holder, sha256, is_revoked });
            }
            AccessEvent::Revoked(revoked) => {
                let held = self.held.entry(revoked.id).or_default().iter_mut();
                held.filter(|held| held.holder == holder).for_each(|held| held.is_revoked = true);
            }
        }
    }
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
