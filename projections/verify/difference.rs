//! A difference in words: where it is, what was found on each side, and what to do about it.

use helmstream_schemas::{Hash, Record, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Entry, Standing};

/// Something that is not the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "VerifyDifference")]
pub struct Difference {
    pub kind: Kind,
    pub stream: String,
    pub sequence: u64,
    /// The view whose checkpoint it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<String>,
    /// What is wrong, in one line.
    pub what: String,
    /// What the log says.
    pub log: String,
    /// What the ledger or the checkpoint says.
    pub found: String,
    pub what_to_do: String,
}

/// What is wrong, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "VerifyDifferenceKind")]
pub enum Kind {
    /// The log has a gap.
    RecordMissing,
    /// The log holds another record than the one that was read.
    RecordAltered,
    /// A record was read, and the ledger has no row of it.
    RowMissing,
    /// A row is of no record.
    RowOfNoRecord,
    /// A row is not what it was hashed as.
    RowAltered,
    /// A column that questions look into is not what the record says.
    ColumnAltered,
    /// An event names a command that is not there.
    CauseMissing,
    /// An event names a command whose record has another hash.
    CauseAltered,
    /// A record was recorded before the one that stands before it.
    TimeWentBack,
    /// A view was folded from another log.
    OtherEpoch,
    /// A view stands beyond the end of the log.
    BeyondHead,
    /// The record that a view applied last is another one on the log.
    CheckpointAltered,
}

const LOG_BACK: &str = "put the log back as it was, from a replica or a backup; the ledger holds what was read, and \
     `helmstream replay` prints what stands there now";
const ROW_REBUILD: &str =
    "the log is the truth: rebuild the ledger, and find out who may write to its tables";
const WAYS_OUT: &str = "put the log back as it was (a restore keeps its epoch), or rebuild the view from the log as it is";

fn at_record(record: &Record, kind: Kind, sides: [String; 3], what_to_do: &str) -> Difference {
    at((&record.stream, record.sequence), kind, sides, what_to_do)
}

fn at(place: (&str, u64), kind: Kind, sides: [String; 3], what_to_do: &str) -> Difference {
    let [what, log, found] = sides;
    Difference {
        kind,
        stream: place.0.to_owned(),
        sequence: place.1,
        view: None,
        what,
        log,
        found,
        what_to_do: what_to_do.to_owned(),
    }
}

pub(super) fn record_missing(stream: &str, sequence: u64, entry: Option<&Entry>) -> Difference {
    let found =
        entry.map_or("no row either".into(), |entry| format!("a row with {}", hashed(entry)));
    let sides = ["the log has a gap".into(), "no record".into(), found];
    at((stream, sequence), Kind::RecordMissing, sides, LOG_BACK)
}

pub(super) fn row_missing(record: &Record) -> Difference {
    let log = format!("a record with hash {}", Hash::of_record(record));
    let sides =
        ["the ledger has read on and has no row of this record".into(), log, "no row".into()];
    at_record(record, Kind::RowMissing, sides, ROW_REBUILD)
}

pub(super) fn row_of_no_record(entry: &Entry) -> Difference {
    let what = "the ledger has a row that is of no record".into();
    let sides = [what, "no record".into(), format!("a row with {}", hashed(entry))];
    at((&entry.stream, entry.sequence), Kind::RowOfNoRecord, sides, ROW_REBUILD)
}

pub(super) fn row_beyond(stream: &str, sequence: u64, read_to: u64) -> Difference {
    let what = "the ledger has a row beyond where it has read".into();
    let found = format!("a row, though it has read up to {read_to}");
    let sides = [what, "nothing that the ledger has read".into(), found];
    at((stream, sequence), Kind::RowOfNoRecord, sides, ROW_REBUILD)
}

pub(super) fn row_altered(record: &Record, hash: Hash, entry: &Entry) -> Difference {
    let what = "the ledger's row is not what it was hashed as".into();
    let found = match entry.recomputed {
        Some(now) => format!("hash {}, and its columns give {now}", kept(entry)),
        None => format!("hash {}, and attributes that cannot be read", kept(entry)),
    };
    at_record(record, Kind::RowAltered, [what, format!("hash {hash}"), found], ROW_REBUILD)
}

pub(super) fn record_altered(record: &Record, hash: Hash, entry: &Entry) -> Difference {
    let what = "the log holds another record than the one that was read".into();
    let found = format!("{}, which its own columns give", hashed(entry));
    at_record(record, Kind::RecordAltered, [what, format!("hash {hash}"), found], LOG_BACK)
}

pub(super) fn row_unfit(record: &Record, why: &str) -> Difference {
    let what = "the ledger has a row of a record that cannot be one".into();
    let sides = [what, why.to_owned(), "a row".into()];
    at_record(record, Kind::ColumnAltered, sides, ROW_REBUILD)
}

pub(super) fn column_altered(
    record: &Record,
    column: &str,
    wanted: Option<&str>,
    found: Option<&str>,
) -> Difference {
    let said = |value: Option<&str>| value.map_or("nothing".into(), |value| format!("`{value}`"));
    let what = format!("the ledger's column {column} is not what the record says");
    let sides = [what, said(wanted), said(found)];
    at_record(record, Kind::ColumnAltered, sides, ROW_REBUILD)
}

pub(super) fn time_went_back(record: &Record, before: Timestamp) -> Difference {
    let what = "it was recorded before the record that stands before it".into();
    let log = format!("recorded at {}, and the one before at {before}", record.recorded_at);
    let sides = [what, log, "the same".into()];
    at_record(
        record,
        Kind::TimeWentBack,
        sides,
        "was the server's clock set back then, or did another server take over? then that is what it shows; \
         otherwise the record was not written by the log",
    )
}

pub(super) fn cause_unreadable(record: &Record) -> Difference {
    let what = "the event names no command that could be its cause".into();
    let sides =
        [what, "a causationhash without a causationid that is a UUID".into(), "the same".into()];
    at_record(record, Kind::CauseMissing, sides, LOG_BACK)
}

pub(super) fn cause_missing(record: &Record, id: Uuid, wanted: &str) -> Difference {
    let what = "the command that the event names as its cause is not there".into();
    let sides =
        [what, format!("caused by command {id} with hash {wanted}"), "no such command".into()];
    at_record(record, Kind::CauseMissing, sides, LOG_BACK)
}

pub(super) fn cause_altered(
    record: &Record,
    id: Uuid,
    wanted: &str,
    hashes: &[String],
) -> Difference {
    let what = "the command that the event names as its cause is another one now".into();
    let log = format!("caused by command {id} with hash {wanted}");
    let sides = [what, log, format!("that command with hash {}", hashes.join(" and "))];
    at_record(record, Kind::CauseAltered, sides, LOG_BACK)
}

fn of_view(standing: &Standing, kind: Kind, sides: [String; 3]) -> Difference {
    let view = format!("{} v{}", standing.projection, standing.version);
    let place = (standing.stream.as_str(), standing.applied_seq);
    Difference { view: Some(view), ..at(place, kind, sides, WAYS_OUT) }
}

pub(super) fn other_epoch(standing: &Standing, epoch: Result<Uuid, &str>) -> Difference {
    let log = match epoch {
        Ok(epoch) => format!("epoch {epoch}"),
        Err(why) => why.to_owned(),
    };
    let sides =
        ["the view was folded from another log".into(), log, format!("epoch {}", standing.epoch)];
    of_view(standing, Kind::OtherEpoch, sides)
}

pub(super) fn beyond_head(standing: &Standing, head: Option<u64>) -> Difference {
    let log = head.map_or("no such stream".into(), |head| format!("it ends at {head}"));
    let what = "the view stands beyond the end of the log".into();
    let sides = [what, log, format!("read up to {}", standing.read_to_seq)];
    of_view(standing, Kind::BeyondHead, sides)
}

pub(super) fn checkpoint_absurd(standing: &Standing) -> Difference {
    let Standing { applied_seq, read_to_seq, applied_hash, .. } = standing;
    let what = "the view's checkpoint contradicts itself".into();
    let hash = applied_hash.as_deref().unwrap_or("none");
    let found = format!("applied {applied_seq} with hash {hash}, read up to {read_to_seq}");
    let log = "a position that was applied has a hash, and was read".into();
    of_view(standing, Kind::CheckpointAltered, [what, log, found])
}

pub(super) fn checkpoint_hash(
    standing: &Standing,
    wanted: &str,
    found: Option<&str>,
) -> Difference {
    let what = "the record that the view applied last is another one on the log".into();
    let log = found.map_or("no record".into(), |hash| format!("hash {hash}"));
    of_view(standing, Kind::CheckpointAltered, [what, log, format!("hash {wanted} was applied")])
}

fn kept(entry: &Entry) -> &str {
    entry.hash.as_deref().unwrap_or("none, because it was parked")
}

fn hashed(entry: &Entry) -> String {
    match (&entry.hash, entry.recomputed) {
        (Some(hash), _) => format!("hash {hash}"),
        (None, Some(hash)) => format!("hash {hash} (parked)"),
        (None, None) => "attributes that cannot be read (parked)".to_owned(),
    }
}
