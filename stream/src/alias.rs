//! Names on the log: who carries one, and the claim of one that nobody carries. The first claim
//! wins by the guard alone.

use helmstream_core::{
    NewEvent,
    alias::Known,
    command::{NewCommand, derived_id},
};
use helmstream_schemas::{
    Attributes, Context, Id, Subject,
    alias::{AliasEvent, Claimed},
    attributes::{self as ce, Kind},
    words,
};

use crate::{
    Connection, StreamError,
    append::{Appended, EVENTS, append},
    get,
};

/// To whom a name was given, if to anybody.
pub async fn claimed(connection: &Connection, name: &Id) -> Result<Option<Claimed>, StreamError> {
    let Some(record) = get::last(connection, EVENTS, &subject(name).to_string()).await? else {
        return Ok(None);
    };
    let AliasEvent::Claimed(claimed) = get::word(&record)?;
    Ok(Some(claimed))
}

/// All that the log says of a name, as an aggregate of `context` and as a second name.
pub async fn known(
    connection: &Connection,
    context: Context,
    name: &Id,
) -> Result<Known, StreamError> {
    let own = Subject::Event { context, id: name.clone() }.to_string();
    let (claimed, first) =
        tokio::try_join!(claimed(connection, name), get::first(connection, EVENTS, &own))?;
    Ok(Known { name: name.clone(), claimed, first_sequence: first.map(|record| record.sequence) })
}

/// Gives a name to an aggregate, caused by `command`; to whom it belongs after that.
pub async fn claim(
    connection: &Connection,
    name: &Id,
    to: &Claimed,
    command: &NewCommand,
) -> Result<Claimed, StreamError> {
    let event = event(name, to, command);
    match append(connection, &[event], 0).await? {
        Appended::Stored { .. } => Ok(to.clone()),
        Appended::Conflict | Appended::Unknown => {
            let subject = subject(name).to_string();
            claimed(connection, name).await?.ok_or(StreamError::Unanswered { subject })
        }
    }
}

fn event(name: &Id, to: &Claimed, command: &NewCommand) -> NewEvent {
    let (word, payload) = words::encode(&AliasEvent::Claimed(to.clone()));
    let caused_by = command.attributes.get(ce::ID).unwrap_or_default();
    let mut attributes = Attributes::default();
    attributes.set("specversion", ce::SPECVERSION);
    attributes.set(ce::ID, derived_id(&["alias", caused_by, name.as_str()]).to_string());
    attributes.set(ce::SOURCE, "/helmstream/door");
    attributes.set(ce::TYPE, Kind::first(Context::Alias, word).to_string());
    attributes.set(ce::SUBJECT, name.as_str());
    attributes.set(ce::DATACONTENTTYPE, "application/json");
    attributes.set(ce::CAUSATIONID, caused_by);
    for kept in [ce::CORRELATIONID, ce::ACTOR, ce::ACTORKIND, ce::RECEIVEDTIME, ce::TRACEPARENT] {
        if let Some(value) = command.attributes.get(kept) {
            attributes.set(kept, value);
        }
    }
    NewEvent { subject: subject(name), attributes, payload }
}

fn subject(name: &Id) -> Subject {
    Subject::Event { context: Context::Alias, id: name.clone() }
}
