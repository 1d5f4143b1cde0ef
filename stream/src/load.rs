//! Loads an aggregate: its snapshot if there is an honest one, then its subject from there on. A
//! snapshot is only ever a saving of time: it has to name the hash of the very event it stands on,
//! and whatever does not match is thrown away.

use helmstream_core::{Aggregate, Decider};
use helmstream_schemas::{Hash, Id, Record, Subject};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::{Connection, StreamError, append::EVENTS, get, limits, publish::store};

const STATES: &str = "STATES";

/// A snapshot as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Snapshot<D: Decider> {
    state_version: u32,
    aggregate: Aggregate<D>,
}

/// The aggregate as its log tells it now.
pub async fn load<D: Decider>(
    connection: &Connection,
    id: &Id,
) -> Result<Aggregate<D>, StreamError> {
    let subject = Subject::Event { context: D::CONTEXT, id: id.clone() }.to_string();
    if let Some(aggregate) = from_snapshot::<D>(connection, id, &subject).await? {
        return Ok(aggregate);
    }
    fold(Aggregate::default(), &get::all(connection, EVENTS, &subject, 1).await?)
}

/// The aggregate once what came after it is folded in; from scratch if it is not what the log
/// holds at its revision.
pub async fn catch_up<D: Decider>(
    connection: &Connection,
    id: &Id,
    aggregate: Aggregate<D>,
) -> Result<Aggregate<D>, StreamError> {
    let subject = Subject::Event { context: D::CONTEXT, id: id.clone() }.to_string();
    match advance(connection, &subject, aggregate).await? {
        Some(aggregate) => Ok(aggregate),
        None => load(connection, id).await,
    }
}

/// Whether an aggregate owes a snapshot: it has come past a multiple of `every` events since it was
/// `settled_length` long.
pub fn is_due<D: Decider>(aggregate: &Aggregate<D>, (settled_length, every): (u64, u64)) -> bool {
    aggregate.length / every > settled_length / every
}

/// Writes a snapshot. The last event is read back for its hash, which is also a proof that the
/// state stands on what is stored.
pub async fn save<D: Decider>(
    connection: &Connection,
    id: &Id,
    aggregate: &Aggregate<D>,
) -> Result<(), StreamError> {
    let mut aggregate = aggregate.clone();
    let Some(last) = get::at(connection, EVENTS, aggregate.revision).await? else {
        return Ok(());
    };
    aggregate.last_hash = Some(Hash::of_record(&last));
    let snapshot = Snapshot { state_version: D::STATE_VERSION, aggregate };
    let payload = serde_json::to_vec(&snapshot)
        .map_err(|source| StreamError::Malformed { what: format!("the state of {id}"), source })?;
    if payload.len() <= limits::SNAPSHOT_BYTES_MAX {
        let subject = Subject::State { context: D::CONTEXT, id: id.clone() }.to_string();
        store(connection, &subject, Default::default(), payload.into()).await?;
    }
    Ok(())
}

async fn from_snapshot<D: Decider>(
    connection: &Connection,
    id: &Id,
    subject: &str,
) -> Result<Option<Aggregate<D>>, StreamError> {
    let state = Subject::State { context: D::CONTEXT, id: id.clone() }.to_string();
    let Some(stored) = get::last(connection, STATES, &state).await? else {
        return Ok(None);
    };
    let aggregate = match serde_json::from_slice::<Snapshot<D>>(&stored.payload) {
        Ok(snapshot) if snapshot.state_version == D::STATE_VERSION => snapshot.aggregate,
        Ok(_) => return Ok(None),
        Err(error) => {
            warn!(%id, %error, "a snapshot cannot be read, loading from the log");
            return Ok(None);
        }
    };
    let revision = aggregate.revision;
    let advanced = match aggregate.last_hash {
        Some(_) => advance(connection, subject, aggregate).await?,
        None => None,
    };
    if advanced.is_none() {
        warn!(%id, revision, "a snapshot does not stand on the log, loading from the log");
    }
    Ok(advanced)
}

/// Folds in what came after an aggregate's last event. `None` if the log does not hold that very
/// event where the aggregate stands.
async fn advance<D: Decider>(
    connection: &Connection,
    subject: &str,
    aggregate: Aggregate<D>,
) -> Result<Option<Aggregate<D>>, StreamError> {
    let tail = get::all(connection, EVENTS, subject, aggregate.revision).await?;
    let revision = aggregate.revision;
    match tail.split_first() {
        _ if revision == 0 => fold(aggregate, &tail).map(Some),
        Some((first, rest)) if first.sequence == revision => {
            let stands = aggregate.last_hash.is_none_or(|hash| hash == Hash::of_record(first));
            if stands { fold(aggregate, rest).map(Some) } else { Ok(None) }
        }
        _ => Ok(None),
    }
}

fn fold<D: Decider>(
    mut aggregate: Aggregate<D>,
    records: &[Record],
) -> Result<Aggregate<D>, StreamError> {
    for record in records {
        aggregate.apply(record)?;
    }
    Ok(aggregate)
}
