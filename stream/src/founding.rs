//! The plane's first record: it names the epoch, which tells this log from every other. A guard of
//! zero on its own subject makes it the first and only one.

use helmstream_core::{NewEvent, command::derived_id};
use helmstream_schemas::{
    ActorKind, Attributes, Context, Id, Subject,
    attributes::{self as ce, Kind},
    plane::{Founded, PLANE_ID, PlaneEvent},
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
    let (name, payload) = words::encode(&founded);
    let mut attributes = Attributes::default();
    attributes.set("specversion", ce::SPECVERSION);
    attributes.set(ce::ID, derived_id(&["founded", PLANE_ID]).to_string());
    attributes.set(ce::SOURCE, "/helmstream/setup");
    attributes.set(ce::TYPE, Kind::first(Context::Plane, name).to_string());
    attributes.set(ce::DATACONTENTTYPE, "application/json");
    attributes.set(ce::ACTOR, "helmstream/setup");
    attributes.set(ce::ACTORKIND, ActorKind::Service.to_string());
    let event = NewEvent { subject: subject(), attributes, payload };
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

fn subject() -> Subject {
    Subject::Event { context: Context::Plane, id: Id::new(PLANE_ID).expect("a short name") }
}
