//! What became of a publish or a command: exactly one outcome each, or none yet. A publish became
//! a command, whose effect is the outcome, or left an entry in the journal.

use std::collections::{BTreeMap, BTreeSet};

use helmstream_schemas::{
    Context,
    attributes::Kind,
    journal::JournalEntry,
    outcome::Outcome,
    refusal::{COMMAND_REFUSED, CommandRefused},
    words,
};
use tokio_postgres::Row;
use uuid::Uuid;

use super::bounded;
use crate::{
    columns::{aggregate_of, seq, seq_back},
    database::Database,
    error::ProjectionError,
    ledger::fold::journal_name,
    session::Session,
};

/// The outcomes of the publishes at these positions of INBOX; `None` for one that has none yet.
pub async fn outcomes(
    database: &Database,
    inbox_sequences: &[u64],
) -> Result<Vec<(u64, Option<Outcome>)>, ProjectionError> {
    let mut session = database.moment(&["ledger"]).await?;
    let outcomes = outcomes_at(&mut session, inbox_sequences).await?;
    session.end().await?;
    Ok(outcomes)
}

/// The same at a moment that other questions share.
pub(super) async fn outcomes_at(
    session: &mut Session,
    inbox_sequences: &[u64],
) -> Result<Vec<(u64, Option<Outcome>)>, ProjectionError> {
    bounded(inbox_sequences)?;
    let asked: Vec<i64> = inbox_sequences.iter().copied().map(seq).collect();
    let commands = commands_of(session, &asked).await?;
    let ids: Vec<Uuid> = commands.values().map(|command| command.id).collect();
    let effects = effects_of(session, &ids).await?;
    let entries = entries_of(session, &asked).await?;
    let lost = lost_of(session, &asked).await?;
    let outcome_at = |sequence: u64| match commands.get(&sequence) {
        Some(command) if command.first_inbox_sequence < sequence => {
            Some(Outcome::DuplicateOf { first_inbox_sequence: command.first_inbox_sequence })
        }
        Some(command) => effects.get(&command.id).cloned(),
        None => {
            entries.get(&sequence).cloned().or(lost.contains(&sequence).then_some(Outcome::Lost))
        }
    };
    Ok(inbox_sequences.iter().map(|sequence| (*sequence, outcome_at(*sequence))).collect())
}

/// The outcome of a command; `None` if it has none yet.
pub async fn outcome_of_command(
    database: &Database,
    id: Uuid,
) -> Result<Option<Outcome>, ProjectionError> {
    let mut session = database.moment(&["ledger"]).await?;
    let mut effects = effects_of(&mut session, &[id]).await?;
    session.end().await?;
    Ok(effects.remove(&id))
}

/// The command that a publish became.
struct Became {
    id: Uuid,
    /// Position in INBOX of the publish that the same command first came of.
    first_inbox_sequence: u64,
}

async fn commands_of(
    session: &mut Session,
    asked: &[i64],
) -> Result<BTreeMap<u64, Became>, ProjectionError> {
    let rows = session.query(include_str!("outcome_commands.sql"), &[&asked]).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let first_inbox_sequence = seq_back(row.get("first_inbox_seq"));
            (seq_back(row.get("inbox_seq")), Became { id: row.get("id"), first_inbox_sequence })
        })
        .collect())
}

/// What came of commands: an event or a refusal, else that nothing changed.
async fn effects_of(
    session: &mut Session,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Outcome>, ProjectionError> {
    let mut effects = BTreeMap::new();
    for row in session.query(include_str!("outcome_unchanged.sql"), &[&ids]).await? {
        if let Some(outcome) = of_entry(&row)? {
            effects.insert(row.get("causation_id"), outcome);
        }
    }
    for row in session.query(include_str!("outcome_events.sql"), &[&ids]).await? {
        effects.insert(row.get("causation_id"), of_event(&row)?);
    }
    Ok(effects)
}

async fn entries_of(
    session: &mut Session,
    asked: &[i64],
) -> Result<BTreeMap<u64, Outcome>, ProjectionError> {
    let rows = session.query(include_str!("outcome_journal.sql"), &[&asked]).await?;
    let mut entries = BTreeMap::new();
    for row in &rows {
        if let Some(outcome) = of_entry(row)? {
            entries.insert(seq_back(row.get("inbox_seq")), outcome);
        }
    }
    Ok(entries)
}

async fn lost_of(session: &mut Session, asked: &[i64]) -> Result<BTreeSet<u64>, ProjectionError> {
    let rows = session.query(include_str!("outcome_lost.sql"), &[&asked]).await?;
    Ok(rows.iter().map(|row| seq_back(row.get("inbox_seq"))).collect())
}

/// The outcome that a record of EVENTS is.
fn of_event(row: &Row) -> Result<Outcome, ProjectionError> {
    let (subject, kind, payload): (&str, &str, &[u8]) =
        (row.get("subject"), row.get("kind"), row.get("payload"));
    let (sequence, id) = (seq_back(row.get("seq")), row.get("id"));
    let unreadable = |detail: String| ProjectionError::Row { table: "record", detail };
    let (context, aggregate) =
        aggregate_of(subject).ok_or_else(|| unreadable(format!("subject `{subject}`")))?;
    let name = kind.parse::<Kind>().map_or_else(|()| kind.to_owned(), |kind| kind.name);
    let aggregate = String::from(aggregate);
    if name == COMMAND_REFUSED {
        let refused: CommandRefused =
            serde_json::from_slice(payload).map_err(|error| unreadable(error.to_string()))?;
        let CommandRefused { command_id, reason, detail, .. } = refused;
        return Ok(Outcome::Refused { sequence, command_id, reason, detail });
    }
    Ok(if context == Context::External.name() {
        Outcome::ExternalFact { sequence, id, source: aggregate }
    } else {
        Outcome::Event { sequence, id, context: context.to_owned(), aggregate, name }
    })
}

/// The outcome that an entry of the journal is; that positions were lost is one of each of them.
fn of_entry(row: &Row) -> Result<Option<Outcome>, ProjectionError> {
    let (kind, payload): (&str, &[u8]) = (row.get("kind"), row.get("payload"));
    let entry = words::decode(journal_name(kind).unwrap_or(kind), payload)
        .map_err(|error| ProjectionError::Row { table: "record", detail: error.to_string() })?;
    Ok(match entry {
        JournalEntry::DuplicateOf(entry) => {
            Some(Outcome::DuplicateOf { first_inbox_sequence: entry.first_inbox_sequence })
        }
        JournalEntry::Unchanged(entry) => Some(Outcome::Unchanged {
            command_id: entry.command_id,
            context: entry.context,
            aggregate: entry.aggregate,
        }),
        JournalEntry::DeadLetter(entry) => Some(Outcome::DeadLetter {
            dead_sequence: entry.dead_sequence,
            reason: entry.reason,
            detail: entry.detail,
            hint: entry.hint,
        }),
        JournalEntry::Lost(_) => None,
    })
}
