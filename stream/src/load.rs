//! Loads an aggregate: its snapshot if there is an honest one, then its subject from there on. A
//! snapshot is only ever a saving of time: it has to name the hash of the very event it stands on,
//! and whatever does not match is thrown away.

use futures_util::future::try_join;
use helmstream_core::{Aggregate, Decider};
use helmstream_schemas::{Hash, Id, Record, Subject, catalog::events_of};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::{
    Connection, StreamError,
    append::EVENTS,
    get::{self, History},
    limits,
    publish::store,
};

const STATES: &str = "STATES";

/// A snapshot as it is stored.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Snapshot<D: Decider> {
    state_version: u32,
    /// Which events the version knows that wrote it: one that knows others folds to something else.
    events: Hash,
    aggregate: Aggregate<D>,
}

/// The aggregate as its log tells it now. Its last event is looked up beside the snapshot: mostly that
/// is the very event on which the snapshot stands, and then nobody has to search the log for more.
pub async fn load<D: Decider>(
    connection: &Connection,
    id: &Id,
) -> Result<Aggregate<D>, StreamError> {
    let subject = Subject::Event { context: D::CONTEXT, id: id.clone() }.to_string();
    let state = Subject::State { context: D::CONTEXT, id: id.clone() }.to_string();
    let (stored, end) =
        try_join(get::last(connection, STATES, &state), get::end(connection, EVENTS, &subject))
            .await?;
    let Some(last) = whole(end)?.pop() else { return Ok(Aggregate::default()) };
    if let Some(aggregate) = stored.and_then(|stored| readable::<D>(id, &stored)) {
        let revision = aggregate.revision;
        let advanced = match (aggregate.last_hash, revision == last.sequence) {
            (Some(hash), true) => (hash == Hash::of_record(&last)).then_some(aggregate),
            (Some(_), false) => advance(connection, &subject, aggregate).await?,
            (None, _) => None,
        };
        if let Some(aggregate) = advanced {
            return Ok(aggregate);
        }
        warn!(%id, revision, "a snapshot does not stand on the log, loading from the log");
    }
    let history = get::history(connection, EVENTS, &subject, 1).await?;
    fold(Aggregate::default(), &whole(history)?)
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

/// Whether an aggregate has everything that its subject holds, as the stream's leader knows it: what is
/// loaded comes from any server that holds the stream, also from one that has not got everything yet.
pub async fn is_current<D: Decider>(
    connection: &Connection,
    id: &Id,
    aggregate: &Aggregate<D>,
) -> Result<bool, StreamError> {
    let subject = Subject::Event { context: D::CONTEXT, id: id.clone() }.to_string();
    Ok(get::count(connection, EVENTS, &subject).await? == aggregate.length)
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
    let (state_version, events) = (D::STATE_VERSION, events_of(D::CONTEXT));
    let snapshot = Snapshot { state_version, events, aggregate };
    let payload = serde_json::to_vec(&snapshot)
        .map_err(|source| StreamError::Malformed { what: format!("the state of {id}"), source })?;
    if payload.len() <= limits::SNAPSHOT_BYTES_MAX {
        let subject = Subject::State { context: D::CONTEXT, id: id.clone() }.to_string();
        store(connection, &subject, Default::default(), payload.into()).await?;
    }
    Ok(())
}

/// What a snapshot holds, if this version can read it.
fn readable<D: Decider>(id: &Id, stored: &Record) -> Option<Aggregate<D>> {
    match serde_json::from_slice::<Snapshot<D>>(&stored.payload) {
        Ok(snapshot) => {
            let is_ours = snapshot.state_version == D::STATE_VERSION
                && snapshot.events == events_of(D::CONTEXT);
            is_ours.then_some(snapshot.aggregate)
        }
        Err(error) => {
            warn!(%id, %error, "a snapshot cannot be read, loading from the log");
            None
        }
    }
}

/// Folds in what came after an aggregate's last event. `None` if the log does not hold that very
/// event where the aggregate stands.
async fn advance<D: Decider>(
    connection: &Connection,
    subject: &str,
    aggregate: Aggregate<D>,
) -> Result<Option<Aggregate<D>>, StreamError> {
    let tail = whole(get::history(connection, EVENTS, subject, aggregate.revision).await?)?;
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

/// Records of an aggregate that end with a whole decision: on a part of one nobody decides.
fn whole(history: History) -> Result<Vec<Record>, StreamError> {
    match history.records.last() {
        Some(last) if history.is_cut => {
            Err(StreamError::Half { subject: last.subject.clone(), sequence: last.sequence })
        }
        _ => Ok(history.records),
    }
}

pub(crate) fn fold<D: Decider>(
    mut aggregate: Aggregate<D>,
    records: &[Record],
) -> Result<Aggregate<D>, StreamError> {
    for record in records {
        aggregate.apply(record)?;
    }
    Ok(aggregate)
}
