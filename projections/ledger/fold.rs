//! A record into its row of the ledger. Texts as they are; what a question looks for stands in a
//! column of its own beside the attributes, which stay whole.

use helmstream_schemas::{
    Attributes, Hash, Id, Record, Subject, Timestamp,
    attributes::{self as ce, AttributeError},
    journal::JournalEntry,
    words,
};
use uuid::Uuid;

use crate::{columns::aggregate_of, projection::Unfit};

/// What the ledger says of a record beside the record itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Absent in the journal, whose entries are of INBOX.
    pub context: Option<&'static str>,
    pub aggregate: Option<Id>,
    pub kind: String,
    pub id: Uuid,
    /// The command of an event; the event of a command that one caused; the command that changed
    /// nothing.
    pub causation_id: Option<Uuid>,
    pub correlation_id: Option<String>,
    pub actor: Option<String>,
    pub publisher: Option<String>,
    /// Positions in INBOX that this is the outcome of, both ends included. More than one only
    /// where some were lost.
    pub inbox: Option<(u64, u64)>,
    pub door_key: Option<Hash>,
    pub content_hash: Option<Hash>,
    pub claimed_at: Option<Timestamp>,
    pub received_at: Option<Timestamp>,
    /// The attributes as JSON.
    pub attributes: String,
    pub hash: Hash,
}

impl LedgerRow {
    pub fn of(record: &Record) -> Result<Self, Unfit> {
        let attributes = &record.attributes;
        let subject: Subject = record.subject.parse().map_err(|_| Unfit::Subject)?;
        let kind = attributes.required(ce::TYPE)?.to_owned();
        let text = |name| attributes.get(name).map(str::to_owned);
        let (context, aggregate) = aggregate_of(&record.subject).unzip();
        let inbox =
            optional(attributes, ce::INBOXSEQUENCE, |a| a.read(ce::INBOXSEQUENCE, "a position"))?;
        let mut row = Self {
            context,
            aggregate,
            id: attributes.uuid()?,
            // A command of the door is caused by a message, whose id is its publisher's affair.
            causation_id: attributes.get(ce::CAUSATIONID).and_then(|id| id.parse().ok()),
            correlation_id: text(ce::CORRELATIONID),
            actor: text(ce::ACTOR),
            publisher: text(ce::PUBLISHER),
            inbox: inbox.map(|sequence| (sequence, sequence)),
            door_key: optional(attributes, ce::DOORKEY, |a| a.hash(ce::DOORKEY))?,
            content_hash: optional(attributes, ce::CONTENTHASH, |a| a.hash(ce::CONTENTHASH))?,
            // The claimed time is the publisher's: what is no instant is no fault of the record.
            claimed_at: attributes.timestamp(ce::TIME).ok(),
            received_at: optional(attributes, ce::RECEIVEDTIME, |a| a.timestamp(ce::RECEIVEDTIME))?,
            attributes: serde_json::to_string(attributes).expect("attributes are texts"),
            hash: Hash::of_record(record),
            kind,
        };
        match subject {
            Subject::Event { .. } | Subject::StoredCommand { .. } => {}
            Subject::Journal { .. } => row.add_entry(&record.payload)?,
            _ => return Err(Unfit::Subject),
        }
        Ok(row)
    }

    fn add_entry(&mut self, payload: &[u8]) -> Result<(), Unfit> {
        let name =
            journal_name(&self.kind).ok_or_else(|| Unfit::Kind { found: self.kind.clone() })?;
        match words::decode(name, payload)? {
            JournalEntry::DuplicateOf(entry) => {
                self.inbox = Some((entry.inbox_sequence, entry.inbox_sequence))
            }
            JournalEntry::Unchanged(entry) => {
                self.causation_id = Some(entry.command_id);
                self.inbox = entry.inbox_sequence.map(|sequence| (sequence, sequence));
            }
            JournalEntry::DeadLetter(entry) => {
                self.inbox = Some((entry.inbox_sequence, entry.inbox_sequence));
                self.publisher = Some(entry.publisher);
            }
            JournalEntry::Lost(entry) => {
                self.inbox = Some((entry.first_inbox_sequence, entry.last_inbox_sequence));
            }
        }
        Ok(())
    }
}

/// The name of a journal entry out of its type.
pub(crate) fn journal_name(kind: &str) -> Option<&str> {
    kind.strip_prefix("helmstream.journal.")?.strip_suffix(".v1")
}

/// An attribute that may be absent, but has to be readable if it is there.
fn optional<T>(
    attributes: &Attributes,
    name: &str,
    read: impl Fn(&Attributes) -> Result<T, AttributeError>,
) -> Result<Option<T>, AttributeError> {
    attributes.get(name).map(|_| read(attributes)).transpose()
}

#[cfg(test)]
#[path = "fold_tests.rs"]
mod tests;
