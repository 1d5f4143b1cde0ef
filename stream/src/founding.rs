//! The plane's first record: it names the epoch, which tells this log from every other. A guard of
//! zero on its own subject makes it the first and only one. A restore keeps it, and adds that it was.

use helmstream_core::{NewEvent, command::derived_id};
use helmstream_schemas::{
    ActorKind, Attributes, Context, Id, Subject,
    attributes::{self as ce, Kind},
    plane::{Founded, PLANE_ID, PlaneEvent, Restored},
    words,
};
use uuid::Uuid;

use crate::{
    Connection, StreamError,
    append::{Appended, EVENTS, append},
    get,
};

/// Founds the plane if nobody has yet; its epoch either way.
pub async fn found(connection: &Connection) -> Result<Uuid, StreamError> {
    if let Some(epoch) = epoch(connection).await? {
        return Ok(epoch);
    }
    let founded = PlaneEvent::Founded(Founded { epoch: Uuid::new_v4() });
    let event = fact(&founded, derived_id(&["founded", PLANE_ID]));
    match append(connection, &[event], 0).await? {
        // Whoever was first: the log says.
        Appended::Stored { .. } | Appended::Conflict | Appended::Unknown => {
            let subject = subject().to_string();
            epoch(connection).await?.ok_or(StreamError::Unanswered { subject })
        }
    }
}

/// The epoch of the plane, if it was founded.
pub async fn epoch(connection: &Connection) -> Result<Option<Uuid>, StreamError> {
    let Some(record) = get::first(connection, EVENTS, &subject().to_string()).await? else {
        return Ok(None);
    };
    match get::word(&record)? {
        PlaneEvent::Founded(founded) => Ok(Some(founded.epoch)),
        PlaneEvent::Restored(_) => Err(StreamError::Foreign {
            subject: record.subject,
            sequence: record.sequence,
            detail: "the first record is no founding".into(),
        }),
    }
}

/// Says on the log that it was put back, and up to where. Its position.
pub async fn restored(connection: &Connection, restored: Restored) -> Result<u64, StreamError> {
    let name = subject().to_string();
    let last = get::last(connection, EVENTS, &name).await?;
    let (head, hash) = (restored.head_sequence.to_string(), restored.head_hash.to_string());
    let id = derived_id(&["restored", PLANE_ID, &head, &hash]);
    let event = fact(&PlaneEvent::Restored(restored), id);
    match append(connection, &[event], last.map_or(0, |last| last.sequence)).await? {
        Appended::Stored { last } => Ok(last),
        Appended::Conflict | Appended::Unknown => Err(StreamError::Unanswered { subject: name }),
    }
}

fn fact(event: &PlaneEvent, id: Uuid) -> NewEvent {
    let (name, payload) = words::encode(event);
    let mut attributes = Attributes::default();
    attributes.set("specversion", ce::SPECVERSION);
    attributes.set(ce::ID, id.to_string());
    attributes.set(ce::SOURCE, "/helmstream/setup");
    attributes.set(ce::TYPE, Kind::first(Context::Plane, name).to_string());
    attributes.set(ce::DATACONTENTTYPE, "application/json");
    attributes.set(ce::ACTOR, "helmstream/setup");
    attributes.set(ce::ACTORKIND, ActorKind::Service.to_string());
    NewEvent { subject: subject(), attributes, payload }
}

fn subject() -> Subject {
    Subject::Event { context: Context::Plane, id: Id::new(PLANE_ID).expect("a short name") }
}
