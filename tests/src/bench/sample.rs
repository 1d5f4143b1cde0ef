//! What a FABER run says, in each form it has on its way: as published, as the door's command, as
//! the decider's event. Made by the plane's own functions once for each number, and then given to
//! any run, so that making it costs a bench next to nothing.

use anyhow::{Context, Result, bail};
use helmstream_core::{
    Aggregate, NewCommand, NewEvent,
    aggregate::Decision,
    door::{Admission, Arrival, Cleaner, Headers, admit},
    run::Run,
};
use helmstream_schemas::{
    ActorKind, Attributes, Context as House, Id, Record, Subject, attributes as ce,
};
use serde_json::json;
use uuid::Uuid;

use crate::machine::now;

/// Headers and payload of an event as it is stored, together.
pub(crate) const EVENT_BYTES: usize = 1_024;

/// One report of a run, by its number.
pub(crate) struct Sample {
    command: NewCommand,
    event: NewEvent,
}

/// The name of a run.
pub(crate) fn run(prefix: &str, n: usize) -> Id {
    Id::new(format!("acme/shop/{prefix}-{n:06}")).expect("a short name")
}

/// What the run publishes: a CloudEvent with FABER's envelope.
pub(crate) fn published(run: &Id, number: u64, padding: usize) -> Vec<u8> {
    let word = match number {
        1 => "workflow_start",
        even if even % 2 == 0 => "step_start",
        _ => "step_complete",
    };
    let time = now().to_string();
    let envelope = json!({
        "event_id": number, "type": word, "timestamp": time, "run_id": run.as_str(),
        "phase": "build", "step": "implement", "status": "completed", "duration_ms": 1_250,
        "message": "Implemented the change and ran the tests.",
        "metadata": { "work_id": "142", "autonomy": "autonomous", "log": "=".repeat(padding) },
    });
    let event = json!({
        "specversion": "1.0", "id": format!("{run}#{number}"), "source": "/acme/shop/faber",
        "type": format!("faber.{word}"), "time": time, "data": envelope,
    });
    event.to_string().into_bytes()
}

impl Sample {
    /// The report with this number, its event `EVENT_BYTES` long.
    pub(crate) fn of(number: u64) -> Result<Self> {
        let short = Self::padded(number, 0)?;
        Self::padded(number, EVENT_BYTES.saturating_sub(short.event_bytes()))
    }

    /// The first reports of a run.
    pub(crate) fn first(count: u64) -> Result<Vec<Self>> {
        (1..=count).map(Self::of).collect()
    }

    fn padded(number: u64, padding: usize) -> Result<Self> {
        let name = run("sample", 0);
        let payload = published(&name, number, padding);
        let arrival = Arrival {
            publisher: "faber",
            actor: "faber",
            actor_kind: ActorKind::Service,
            inbox_sequence: 1,
            received_at: now(),
            cause: None,
            headers: &Headers::default(),
            payload: &payload,
        };
        let command = match admit(&arrival, &Cleaner::new(b"bench")) {
            Admission::Command(admitted) => admitted.command,
            Admission::Dead(dead) => bail!("the door refuses the sample: {}", dead.detail),
        };
        let stored = Subject::StoredCommand {
            partition: 0,
            context: House::Run,
            name: command.name.clone(),
            id: name.clone(),
        };
        let record = Record {
            stream: "COMMANDS".into(),
            subject: stored.to_string(),
            sequence: 1,
            recorded_at: now(),
            attributes: command.attributes.clone(),
            payload: command.payload.clone(),
        };
        match Aggregate::<Run>::default().decide(&name, &record)? {
            Decision::Append(events) => {
                let event = events.into_iter().next().context("the sample gives no event")?;
                Ok(Self { command, event })
            }
            decision => bail!("the sample is not decided but {decision:?}"),
        }
    }

    /// The command of a run. `unique` makes its id.
    pub(crate) fn command(&self, run: &Id, unique: u128) -> NewCommand {
        let mut command = NewCommand { id: run.clone(), ..self.command.clone() };
        command.attributes.set(ce::ID, Uuid::from_u128(unique).to_string());
        command.attributes.set(ce::CORRELATIONID, run.as_str());
        command
    }

    /// The event of a run. `unique` makes its id and its command's.
    pub(crate) fn event(&self, run: &Id, unique: u128) -> NewEvent {
        let subject = Subject::Event { context: House::Run, id: run.clone() };
        let mut event = NewEvent { subject, ..self.event.clone() };
        event.attributes.set(ce::ID, Uuid::from_u128(unique).to_string());
        event.attributes.set(ce::CAUSATIONID, Uuid::from_u128(!unique).to_string());
        event.attributes.set(ce::CORRELATIONID, run.as_str());
        event.attributes.set(ce::SUBJECT, run.as_str());
        event
    }

    /// The event of a run as the log holds it.
    pub(crate) fn record(&self, run: &Id, sequence: u64) -> Record {
        let event = self.event(run, u128::from(sequence));
        Record {
            stream: "EVENTS".into(),
            subject: event.subject.to_string(),
            sequence,
            recorded_at: now(),
            attributes: event.attributes,
            payload: event.payload,
        }
    }

    pub(crate) fn event_bytes(&self) -> usize {
        header_bytes(&self.event.attributes) + self.event.payload.len()
    }
}

/// `NATS/1.0`, a line for each, an empty line.
fn header_bytes(attributes: &Attributes) -> usize {
    let lines = attributes.iter().map(|(name, value)| "ce-: \r\n".len() + name.len() + value.len());
    "NATS/1.0\r\n\r\n".len() + lines.sum::<usize>()
}
