//! A decider of the tests' own: it hands out numbers, each once and in order, so that one append
//! that should not have been, or one that is missing, shows in the numbers.

use helmstream_core::{Decider, NewCommand, Rejection};
use helmstream_schemas::{ActorKind, Context, Id, Record, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Hands out numbers while it is open.
#[derive(Debug, Clone)]
pub struct Counter;

/// What can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// The next number.
    Take {},
    /// The next two numbers, in one breath.
    TakeTwo {},
    /// A number, but only while it is open.
    TakeIfOpen {},
    Open {},
    /// What is true already.
    Nothing {},
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happened {
    Taken(Taken),
    Opened {},
}

/// A number was handed out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    pub number: u64,
}

/// The last number, and whether it is open.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Count {
    pub last: u64,
    pub open: bool,
}

/// It is not open.
#[derive(Debug, thiserror::Error)]
#[error("the counter is closed")]
pub struct Closed;

impl Rejection for Closed {
    fn reason(&self) -> &'static str {
        "closed"
    }
}

impl Decider for Counter {
    /// Of a context that has a user, a stream and durables; the words are the counter's own.
    const CONTEXT: Context = Context::Run;
    const STATE_VERSION: u32 = 1;
    type State = Count;
    type Command = Ask;
    type Event = Happened;
    type Rejection = Closed;

    fn decide(state: &Count, command: Ask) -> Result<Vec<Happened>, Closed> {
        let taken = |offset| Happened::Taken(Taken { number: state.last + offset });
        match command {
            Ask::Take {} => Ok(vec![taken(1)]),
            Ask::TakeTwo {} => Ok(vec![taken(1), taken(2)]),
            Ask::TakeIfOpen {} if state.open => Ok(vec![taken(1)]),
            Ask::TakeIfOpen {} => Err(Closed),
            Ask::Open {} => Ok(vec![Happened::Opened {}]),
            Ask::Nothing {} => Ok(vec![]),
        }
    }

    fn evolve(state: Count, event: &Happened) -> Count {
        match event {
            Happened::Taken(taken) => Count { last: taken.number, ..state },
            Happened::Opened {} => Count { open: true, ..state },
        }
    }
}

/// The command `n` of a test: `name` is a variant of `Ask`.
pub fn asked(id: &Id, n: u128, name: &str) -> NewCommand {
    let (source, actor) = ("/test", ("test", ActorKind::Service));
    NewCommand::new(
        (Context::Run, name, id.clone()),
        Uuid::from_u128(n),
        source,
        actor,
        b"{}".to_vec(),
    )
}

/// The same as it would be delivered.
pub fn delivered(id: &Id, n: u128, name: &str) -> Record {
    let command = asked(id, n, name);
    Record {
        stream: "COMMANDS".into(),
        subject: command.subject().to_string(),
        sequence: n as u64,
        recorded_at: Timestamp::from_nanos(1_767_225_600_000_000_000 + n as i64),
        attributes: command.attributes,
        payload: command.payload,
    }
}

/// The numbers that were handed out, in the order of the log.
pub fn numbers(events: &[Record]) -> Vec<u64> {
    let taken = |record: &Record| serde_json::from_slice::<Taken>(&record.payload).ok();
    events.iter().filter_map(taken).map(|taken| taken.number).collect()
}
