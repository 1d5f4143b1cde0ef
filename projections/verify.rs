//! Whether the log, the ledger and the checkpoints of the views say the same: records in, rows in,
//! the first difference out. Pure; reading both sides is done by whoever asks, page by page, and
//! what was compared before a page is kept in a `Walk`.

mod difference;

use std::collections::BTreeMap;

use helmstream_schemas::{Hash, Record, Timestamp, attributes as ce};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use difference::{Difference, Kind};

use crate::{columns::text, ledger::LedgerRow};

/// How far the comparison of one stream has come. It can be put aside and taken up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VerifyWalk")]
pub struct Walk {
    pub stream: String,
    /// Where it began.
    pub from_seq: u64,
    /// Where it ends: how far the ledger had read when it began.
    pub to_seq: u64,
    /// The last record of the stream when it began.
    pub head_seq: u64,
    /// What is compared next.
    pub next_seq: u64,
    /// Records that agree.
    pub records: u64,
    /// When the last of them was recorded.
    pub recorded_at: Option<Timestamp>,
}

/// What the ledger holds of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub stream: String,
    pub sequence: u64,
    /// The hash as it stands in the row; none of a record that the ledger parked.
    pub hash: Option<String>,
    /// The hash of what the row's columns hold, if they can be read.
    pub recomputed: Option<Hash>,
    /// The columns that questions look into, as texts; none of a record that was parked.
    pub searched: Option<Searched>,
}

/// The names of the columns that questions look into beside the record itself.
pub const SEARCHED: [&str; 14] = [
    "context",
    "aggregate",
    "kind",
    "id",
    "causation_id",
    "correlation_id",
    "actor",
    "publisher",
    "inbox_seq",
    "inbox_last_seq",
    "door_key",
    "content_hash",
    "claimed_at",
    "received_at",
];

/// What stands in them, as texts.
pub type Searched = [Option<String>; SEARCHED.len()];

/// The commands that events name as their causes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Commands {
    /// Hashes of the records of each; a command may be stored twice.
    pub hashes: BTreeMap<Uuid, Vec<String>>,
    /// Whether the ledger holds all commands that there were when the comparison began.
    pub are_whole: bool,
}

/// How many events have a cause that was compared, and how many have one that could not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VerifyCauses")]
pub struct Causes {
    pub compared: u64,
    pub unread: u64,
}

/// Where a view says that it stands on a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub projection: String,
    pub version: u32,
    pub stream: String,
    pub applied_seq: u64,
    /// As it stands in the row.
    pub applied_hash: Option<String>,
    pub read_to_seq: u64,
    pub epoch: Uuid,
    /// Records that it could not apply.
    pub parked: u64,
}

impl Walk {
    pub fn new(stream: &str, from_seq: u64, to_seq: u64, head_seq: u64) -> Self {
        let (stream, from_seq) = (stream.to_owned(), from_seq.max(1));
        let next_seq = from_seq;
        Self { stream, from_seq, to_seq, head_seq, next_seq, records: 0, recorded_at: None }
    }

    pub fn is_done(&self) -> bool {
        self.next_seq > self.to_seq
    }

    /// Compares everything up to position `to`: what the log holds there with what the ledger
    /// does, both in order. Of entries no more are needed than there are records, and one.
    pub fn compare(
        &mut self,
        records: &[Record],
        entries: &[Entry],
        to: u64,
        commands: &Commands,
        causes: &mut Causes,
    ) -> Option<Difference> {
        let mut records = records.iter().peekable();
        let mut entries = entries.iter().peekable();
        while self.next_seq <= to {
            let at = self.next_seq;
            if let Some(stray) = entries.next_if(|e| e.sequence < at || e.stream != self.stream) {
                return Some(difference::row_of_no_record(stray));
            }
            let record = records.next_if(|record| record.sequence == at);
            let entry = entries.next_if(|entry| entry.sequence == at);
            let (record, entry) = match (record, entry) {
                (Some(record), Some(entry)) => (record, entry),
                (Some(record), None) => return Some(difference::row_missing(record)),
                (None, entry) => {
                    return Some(difference::record_missing(&self.stream, at, entry));
                }
            };
            let found = self.differs(record, entry);
            if let Some(found) = found.or_else(|| cause_differs(record, commands, causes)) {
                return Some(found);
            }
            self.recorded_at = Some(record.recorded_at);
            self.records += 1;
            self.next_seq += 1;
        }
        // A row of another stream behind the last record of the page.
        entries.next().map(difference::row_of_no_record)
    }

    fn differs(&self, record: &Record, entry: &Entry) -> Option<Difference> {
        let row = LedgerRow::of(record);
        let hash = row.as_ref().map_or_else(|_| Hash::of_record(record), |row| row.hash);
        let kept = entry.hash.clone().or(entry.recomputed.map(|hash| hash.to_string()));
        if entry.recomputed.map(|hash| hash.to_string()) != kept || kept.is_none() {
            return Some(difference::row_altered(record, hash, entry));
        }
        if entry.recomputed != Some(hash) {
            return Some(difference::record_altered(record, hash, entry));
        }
        if let Some(found) = &entry.searched {
            let wanted = match &row {
                Ok(row) => searched(row),
                Err(unfit) => return Some(difference::row_unfit(record, &unfit.to_string())),
            };
            let differing = (0..SEARCHED.len()).find(|at| wanted[*at] != found[*at]);
            if let Some(at) = differing {
                let (wanted, found) = (wanted[at].as_deref(), found[at].as_deref());
                return Some(difference::column_altered(record, SEARCHED[at], wanted, found));
            }
        }
        let before = self.recorded_at.filter(|before| *before > record.recorded_at)?;
        Some(difference::time_went_back(record, before))
    }
}

/// What an event says of its cause, against the command of that name.
fn cause_differs(record: &Record, commands: &Commands, causes: &mut Causes) -> Option<Difference> {
    let said = cause(record)?;
    let Some((id, wanted)) = said else { return Some(difference::cause_unreadable(record)) };
    match commands.hashes.get(&id) {
        Some(hashes) if hashes.contains(&wanted) => causes.compared += 1,
        Some(hashes) => return Some(difference::cause_altered(record, id, &wanted, hashes)),
        None if commands.are_whole => return Some(difference::cause_missing(record, id, &wanted)),
        None => causes.unread += 1,
    }
    None
}

/// The command that an event names as its cause and the hash it gives of it; `None` inside if the
/// name cannot be read. A record without such a hash has nothing to compare.
pub fn cause(record: &Record) -> Option<Option<(Uuid, String)>> {
    let hash = record.attributes.get(ce::CAUSATIONHASH).filter(|_| record.stream == "EVENTS")?;
    let id = record.attributes.get(ce::CAUSATIONID).and_then(|id| id.parse().ok());
    Some(id.map(|id| (id, hash.to_owned())))
}

/// Compares where a view stands with the log: its epoch, its end, and the record at the position
/// that was applied last, if it holds one.
pub fn checkpoint_differs(
    standing: &Standing,
    epoch: Result<Uuid, &str>,
    head: Option<u64>,
    at_applied: Option<&Record>,
) -> Option<Difference> {
    if epoch != Ok(standing.epoch) {
        return Some(difference::other_epoch(standing, epoch));
    }
    if standing.read_to_seq > head.unwrap_or_default() {
        return Some(difference::beyond_head(standing, head));
    }
    if standing.applied_seq > standing.read_to_seq
        || (standing.applied_seq > 0) != standing.applied_hash.is_some()
    {
        return Some(difference::checkpoint_absurd(standing));
    }
    let wanted = standing.applied_hash.as_deref()?;
    let found = at_applied.filter(|record| record.sequence == standing.applied_seq);
    let found = found.map(|record| Hash::of_record(record).to_string());
    (found.as_deref() != Some(wanted))
        .then(|| difference::checkpoint_hash(standing, wanted, found.as_deref()))
}

/// A row beyond where the ledger says that it has read.
pub fn row_beyond(stream: &str, sequence: u64, read_to: u64) -> Difference {
    difference::row_beyond(stream, sequence, read_to)
}

/// What a record's row has to have in the columns that questions look into.
fn searched(row: &LedgerRow) -> Searched {
    let plain = |value: &Option<String>| value.as_deref().map(|value| text(value).into_owned());
    [
        row.context.map(str::to_owned),
        row.aggregate.as_ref().map(|id| text(id.as_str()).into_owned()),
        Some(text(&row.kind).into_owned()),
        Some(row.id.to_string()),
        row.causation_id.map(|id| id.to_string()),
        plain(&row.correlation_id),
        plain(&row.actor),
        plain(&row.publisher),
        row.inbox.map(|(first, _)| first.to_string()),
        row.inbox.map(|(_, last)| last.to_string()),
        row.door_key.map(|hash| hash.to_string()),
        row.content_hash.map(|hash| hash.to_string()),
        row.claimed_at.map(|instant| instant.nanos().to_string()),
        row.received_at.map(|instant| instant.nanos().to_string()),
    ]
}

#[cfg(test)]
mod tests;
