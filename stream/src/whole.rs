//! Makes a decision whole of which the log holds only a part. Events of one decision are stored together
//! or not at all, unless the server is killed while it moves them from its stage to the stream, or
//! a backup is taken at that very moment. The rest is what the same command comes to in the same state.

use helmstream_core::{Decider, Decision, NewEvent};
use helmstream_schemas::{Hash, Id, Record, Subject, attributes as ce};
use tracing::warn;

use crate::{
    Connection, StreamError,
    append::{EVENTS, append},
    get, load,
};

const COMMANDS: &str = "COMMANDS";

/// Appends what is missing of an aggregate's last decision, if anything is. Whether it was stored,
/// and by whom, only the log tells.
pub(crate) async fn make_whole<D: Decider>(
    connection: &Connection,
    id: &Id,
) -> Result<(), StreamError> {
    let subject = Subject::Event { context: D::CONTEXT, id: id.clone() }.to_string();
    let history = get::history(connection, EVENTS, &subject, 1).await?;
    let Some(last) = history.records.last().filter(|_| history.is_cut) else { return Ok(()) };
    let foreign = |detail: String| StreamError::Foreign {
        subject: subject.clone(),
        sequence: last.sequence,
        detail,
    };
    let cause = last.attributes.hash(ce::CAUSATIONHASH);
    let cause = cause.map_err(|error| foreign(error.to_string()))?;
    let is_of_it = |record: &Record| record.attributes.hash(ce::CAUSATIONHASH) == Ok(cause);
    let begins = history.records.iter().rposition(|record| !is_of_it(record));
    let (before, stored) = history.records.split_at(begins.map_or(0, |at| at + 1));
    let Some(command) = command::<D>(connection, id, cause).await? else {
        return Err(foreign(format!("a part of a decision, and no command has hash {cause}")));
    };
    let decision = load::fold::<D>(Default::default(), before)?
        .decide(id, &command)
        .map_err(|error| foreign(error.to_string()))?;
    let Decision::Append(events) = decision else {
        return Err(foreign(format!("a part of a decision that comes to {decision:?}")));
    };
    let is_its_beginning = events.len() > stored.len()
        && stored.iter().zip(&events).all(|(stored, event)| is_same(stored, event));
    if !is_its_beginning {
        return Err(foreign("a part of a decision that comes to something else".to_owned()));
    }
    let rest = &events[stored.len()..];
    warn!(%id, sequence = last.sequence, missing = rest.len(), "a decision was stored in part, storing the rest");
    append(connection, rest, last.sequence).await.map(drop)
}

fn is_same(stored: &Record, event: &NewEvent) -> bool {
    stored.attributes == event.attributes && stored.payload == event.payload
}

/// The command of an aggregate that has this hash. Whoever answers may be behind here too, as with the
/// events: that there is none is believed only of all that the leader holds.
async fn command<D: Decider>(
    connection: &Connection,
    id: &Id,
    hash: Hash,
) -> Result<Option<Record>, StreamError> {
    let asked = format!("cmd.*.{}.*.{}", D::CONTEXT, id.token());
    let mut commands = get::all(connection, COMMANDS, &asked, 1).await?;
    if let Some(at) = commands.iter().position(|command| Hash::of_record(command) == hash) {
        return Ok(Some(commands.swap_remove(at)));
    }
    let (found, held) = (commands.len() as u64, get::count(connection, COMMANDS, &asked).await?);
    if found < held {
        let detail =
            format!("{held} commands of {id} are there, and who answered has only {found}");
        return Err(StreamError::Cut { stream: COMMANDS.to_owned(), detail });
    }
    Ok(None)
}
