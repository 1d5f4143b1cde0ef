//! The tokens that let somebody in, for a door that asks of every request: the core's fold, held in
//! memory and kept level with the log. It reads the log alone and needs no view; while NATS is away
//! it says what it knew last.

use std::sync::{PoisonError, RwLock};

use helmstream_core::access::{Denied, Holder, Standing};
use helmstream_schemas::Timestamp;
use helmstream_stream::{Connection, StreamError, append::EVENTS, get};
use tokio::sync::watch;

use crate::{
    limits::TOKENS_LOOK_EVERY,
    patience::{patiently, pause},
};

/// The events that are folded.
const SUBJECTS: &str = "evt.access.*";

/// Who may come in by which token.
pub struct Tokens {
    connection: Connection,
    standing: RwLock<Standing>,
}

impl Tokens {
    /// Folds what is on the log by now. There is none that has not read so far: nobody who was shut
    /// out is let in for a moment.
    pub async fn begin(connection: Connection) -> Result<Self, StreamError> {
        let tokens = Self { connection, standing: RwLock::default() };
        tokens.look().await?;
        Ok(tokens)
    }

    /// Whom a token lets in at this moment.
    pub fn find(&self, presented: &str, now: Timestamp) -> Result<Holder, Denied> {
        let standing = self.standing.read().unwrap_or_else(PoisonError::into_inner);
        standing.find(presented, now).cloned()
    }

    /// Looks again and again until it is told to stop. An event that cannot be folded ends it: it may
    /// be that somebody is to be shut out, and so nobody may be let in any more.
    pub async fn follow(&self, stop: &watch::Receiver<bool>) -> Result<(), StreamError> {
        loop {
            let looked = patiently(stop, "looking who may come in", || self.look()).await?;
            if looked.is_none() || pause(stop, TOKENS_LOOK_EVERY).await {
                return Ok(());
            }
        }
    }

    /// Folds what is new.
    pub async fn look(&self) -> Result<(), StreamError> {
        loop {
            let from = self.standing.read().unwrap_or_else(PoisonError::into_inner).read_to() + 1;
            let records = get::page(&self.connection, EVENTS, SUBJECTS, from).await?;
            if records.is_empty() {
                return Ok(());
            }
            let mut standing = self.standing.write().unwrap_or_else(PoisonError::into_inner);
            for record in &records {
                standing.apply(record).map_err(|error| StreamError::Foreign {
                    subject: record.subject.clone(),
                    sequence: record.sequence,
                    detail: error.to_string(),
                })?;
            }
        }
    }
}
