//! What was published before: the door's own memory of what it stored lately, and the ledger for
//! all that is older. The memory forgets only what the ledger has, so that between the two nothing
//! is missed.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;
use helmstream_projections::{ProjectionError, limits::UNACCOUNTED_MAX, questions::door};
use helmstream_schemas::Hash;
use helmstream_stream::{StreamError, read::extent};
use tracing::info;

use super::Done;
use crate::{
    limits::{DOOR_RECENT_MAX, LEDGER_POLL},
    patience::{patiently, pause, steadily, told_to_stop},
    surroundings::Surroundings,
};

/// The first publish under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct First {
    pub(super) inbox_sequence: u64,
    /// Digest of its content; absent for a message that could not be read.
    pub(super) content: Option<Hash>,
}

/// The door's memory.
pub(super) struct Seen {
    young: HashMap<Hash, First>,
    old: HashMap<Hash, First>,
    /// How far COMMANDS and JOURNAL reach with what was stored under `young` and `old`.
    stored: Positions,
    /// Messages up to this position of INBOX may have been handled before, by this door or by one
    /// before it. The server's own count of deliveries does not tell: it is lost when the server is.
    handled_to: u64,
}

/// What the memory is asked about a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    /// Its keys, the one that counts first; none if it could not be read.
    pub(super) keys: [Option<Hash>; 2],
    /// Its position in INBOX.
    pub(super) sequence: u64,
    /// The server says that it was delivered before.
    pub(super) again: bool,
}

/// How far two streams reach, or how far the ledger holds them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Positions {
    pub(super) commands: u64,
    pub(super) journal: u64,
}

impl Positions {
    /// How far they reach.
    pub(super) async fn stored(around: &Surroundings) -> Result<Self, StreamError> {
        let commands = extent(&around.connection, "COMMANDS").await?.last;
        let journal = extent(&around.connection, "JOURNAL").await?.last;
        Ok(Self { commands, journal })
    }

    /// How far the ledger holds them.
    pub(super) async fn held(around: &Surroundings) -> Result<Self, ProjectionError> {
        let rows = door::positions(&around.database).await?;
        let of =
            |stream| rows.iter().find(|row| row.stream == stream).map_or(0, |row| row.applied_seq);
        Ok(Self { commands: of("COMMANDS"), journal: of("JOURNAL") })
    }
}

impl Positions {
    /// Whether these reach at least as far as the others.
    pub(super) fn cover(&self, others: &Self) -> bool {
        self.commands >= others.commands && self.journal >= others.journal
    }
}

impl Seen {
    /// Begins with an empty memory: waits until the ledger has all that is stored by now. `None`
    /// if it is told to stop meanwhile.
    pub(super) async fn begin(around: &Surroundings) -> Result<Option<Self>> {
        let heads = patiently(&around.stop, "looking at the log", || async {
            let handled_to = extent(&around.connection, "INBOX").await?.last;
            Ok::<_, StreamError>((handled_to, Positions::stored(around).await?))
        });
        let Some((handled_to, stored)) = heads.await? else { return Ok(None) };
        let seen = Self { young: HashMap::new(), old: HashMap::new(), stored, handled_to };
        match seen.wait_for_ledger(around).await {
            Err(_) if *around.stop.borrow() => Ok(None),
            waited => Ok(waited.map(|()| Some(seen))?),
        }
    }

    /// For each message the first publish under its key, or the message itself if it was handled
    /// before and what came of it is stored.
    pub(super) async fn firsts(
        &mut self,
        around: &Surroundings,
        asked: &[Asked],
    ) -> Result<Vec<Option<First>>, StreamError> {
        if self.young.len() >= DOOR_RECENT_MAX {
            self.wait_for_ledger(around).await?;
            self.old = std::mem::take(&mut self.young);
        }
        let again = |asked: &&Asked| asked.again || asked.sequence <= self.handled_to;
        let again: Vec<u64> = asked.iter().filter(again).map(|asked| asked.sequence).collect();
        if !again.is_empty() {
            // It may have been stored by another instance, or by this one before it was cut off.
            self.stored = Positions::stored(around).await?;
            self.wait_for_ledger(around).await?;
        }
        let last = asked.iter().map(|asked| asked.sequence).max().unwrap_or(0);
        self.handled_to = self.handled_to.max(last);
        let unknown: Vec<Hash> = asked
            .iter()
            .flat_map(|asked| asked.keys.into_iter().flatten())
            .filter(|key| !self.young.contains_key(key) && !self.old.contains_key(key))
            .collect();
        let (rows, missing) = steadily(&around.stop, "asking the ledger", || async {
            let rows = match unknown.is_empty() {
                true => Vec::new(),
                false => door::seen(&around.database, &unknown).await?,
            };
            Ok::<_, ProjectionError>((rows, unaccounted(around, &again).await?))
        })
        .await?;
        for row in rows {
            // What became a command was accepted, and what was set aside by its reader is known by
            // its content; a conflict takes no key.
            let counts = row.command_id.is_some() || row.content_hash.is_some();
            if let (true, Some(inbox_sequence)) = (counts, row.inbox_sequence) {
                let first = First { inbox_sequence, content: row.content_hash };
                self.young.entry(row.door_key).or_insert(first);
            }
        }
        let first = |asked: &Asked| {
            if again.contains(&asked.sequence) && !missing.contains(&asked.sequence) {
                return Some(First { inbox_sequence: asked.sequence, content: None });
            }
            asked.keys.iter().flatten().find_map(|key| self.lately(key, asked.sequence))
        };
        Ok(asked.iter().map(first).collect())
    }

    /// The first publish under a key, if the memory holds one that is not the message itself: what
    /// was only expected, by a batch that broke off, is not stored yet.
    pub(super) fn lately(&self, key: &Hash, own: u64) -> Option<First> {
        let first = self.young.get(key).or_else(|| self.old.get(key)).copied();
        first.filter(|first| first.inbox_sequence != own)
    }

    /// Remembers a message that is about to be stored.
    pub(super) fn expect(&mut self, key: Hash, content: Hash, inbox_sequence: u64) {
        let first = First { inbox_sequence, content: Some(content) };
        self.young.insert(key, first);
    }

    /// Notes how far the streams reach with what was stored.
    pub(super) fn note(&mut self, done: &Done) {
        self.stored.commands = self.stored.commands.max(done.command_sequence);
        self.stored.journal = self.stored.journal.max(done.journal_sequence);
    }

    async fn wait_for_ledger(&self, around: &Surroundings) -> Result<(), StreamError> {
        let mut said = false;
        loop {
            let asked = || Positions::held(around);
            let held = steadily(&around.stop, "asking the ledger", asked).await?;
            if held.cover(&self.stored) {
                return Ok(());
            }
            if !std::mem::replace(&mut said, true) {
                info!(?held, wanted = ?self.stored, "the door waits for the ledger");
            }
            if pause(&around.stop, LEDGER_POLL).await {
                return Err(told_to_stop("waiting for the ledger"));
            }
        }
    }
}

/// Which of these positions no record accounts for. Mostly they are neighbours and one question
/// tells; where an answer is too long to be whole, each is asked for by itself.
async fn unaccounted(
    around: &Surroundings,
    positions: &[u64],
) -> Result<BTreeSet<u64>, ProjectionError> {
    let (Some(first), Some(last)) = (positions.iter().min(), positions.iter().max()) else {
        return Ok(BTreeSet::new());
    };
    let missing = door::unaccounted(&around.database, *first..=*last).await?;
    if (missing.len() as i64) < UNACCOUNTED_MAX {
        return Ok(missing.into_iter().collect());
    }
    let mut each = BTreeSet::new();
    for position in positions {
        each.extend(door::unaccounted(&around.database, *position..=*position).await?);
    }
    Ok(each)
}
