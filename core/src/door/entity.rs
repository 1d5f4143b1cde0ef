//! An event of an entity, in the form in which FABER's sender tells it to Helm: what a run did to
//! the entity, or how the entity stands. It has an id and no number, so it is no claim of the run: in
//! the order of a run's claims it would stand where it does not belong. It is told of the run as a
//! line that the run published, by its content, so that the same event out of the project's folder
//! adds nothing. What is about no run is kept as a fact.

use helmstream_schemas::{
    Context, Hash,
    run::{Observe, Published, Removal, RunCommand, Sighting, Told},
    words,
};
use serde_json::{Map, Value};

use super::{
    Arrival, Wanted,
    cloudevent::CloudEvent,
    faber,
    fields::{Fields, text},
    names,
};

/// The type under which an event of an entity is published.
pub const ENTITY_EVENT: &str = "helmstream.faber.entity_event.v1";

/// Every type of them that is known, in the order of an entity's life.
pub const ENTITY_EVENTS: [&str; 8] = [
    "entity.created",
    "entity.step.started",
    "entity.step.in_progress",
    "entity.step.completed",
    "entity.step.failed",
    "entity.status.changed",
    "entity.workflow.completed",
    "entity.archived",
];

pub(super) fn is_entity_event(kind: &str) -> bool {
    kind == ENTITY_EVENT
}

/// How a run is told what an entity's event says of it; `None` if it says nothing of one.
pub(super) fn of_run(content: &Value, sighting: Sighting) -> Option<Wanted> {
    let held = content.as_object()?;
    let word = held.get("event_type").and_then(Value::as_str)?;
    let is_of_run = ENTITY_EVENTS.contains(&word)
        && (word.starts_with("entity.step.") || word == "entity.workflow.completed");
    if !is_of_run {
        return None;
    }
    let step = held.get("step").and_then(Value::as_object);
    let of_step = |key: &str| step.and_then(|step| step.get(key)).and_then(text);
    let run_id = of_step("run_id").or_else(|| held.get("run_id").and_then(text))?;
    let names = names::names(&run_id, &Map::new()).ok()?;
    let of_entity =
        |key: &str| held.get("entity").and_then(|entity| entity.get(key)).and_then(text);
    let target = match (of_entity("type"), of_entity("id")) {
        (Some(kind), Some(id)) => Some(format!("{kind}/{id}")),
        (kind, id) => id.or(kind),
    };
    let snapshot = held.get("entity_snapshot").and_then(|snapshot| snapshot.get("status"));
    let status = of_step("execution_status").or_else(|| of_step("outcome_status"));
    let place = faber::place(of_step("phase").as_deref(), of_step("step_id"));
    let work_id = of_step("work_id");
    let mut fields = Fields::new(held.clone());
    let published = Published {
        id: fields.text("event_id")?,
        word: fields.text("event_type")?,
        place,
        status: status.or_else(|| snapshot.and_then(text)),
        at: fields.moment("timestamp"),
        target,
        environment: None,
        work_id,
        message: None,
        rest: fields.rest(),
    };
    let time = published.at.as_ref().and_then(|moment| moment.at);
    let observe = Observe { sighting, told: Told::Published(published) };
    let word = words::encode(&RunCommand::Observe(Box::new(observe)));
    Some(Wanted { names: names.clone(), time, ..Wanted::new(Context::Run, names[0].clone(), word) })
}

/// Of one that came by itself, and out of no file.
pub(super) fn read(
    event: &CloudEvent,
    removed: &[Removal],
    arrival: &Arrival<'_>,
) -> Option<Wanted> {
    let content = event.data.as_ref()?;
    let sighting = Sighting {
        path: format!("entity event {}", event.id),
        content: Hash::of_json(content),
        received_at: arrival.received_at,
        written_at: None,
        commit: None,
        removed: removed.to_vec(),
    };
    of_run(content, sighting)
}

#[cfg(test)]
#[path = "entity_tests.rs"]
mod tests;
