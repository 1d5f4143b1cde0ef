//! The description of `POST /v1/faber/entity-events`, by hand as its answers have a form of their own.

use helmstream_core::door::ENTITY_EVENTS;
use helmstream_schemas::limits::ATTRIBUTE_BYTES_MAX;
use serde_json::{Map, Value, json};

use super::{
    entity_events::{Accepted, NotAccepted, PATH},
    openapi::{Description, body},
};
use crate::http::limits::{ENTITY_EVENTS_PER_MINUTE, ENTITY_NAME_BYTES_MAX};

pub(super) fn entity_events_described(description: &mut Description) {
    let accepted = description.schema_of::<Accepted>();
    let refused = description.schema_of::<NotAccepted>();
    let mut responses = Map::new();
    responses.insert("200".into(), body("It is stored.", "application/json", accepted));
    for (status, what) in [
        ("400", "It is no event that is taken. It is not to be sent again."),
        ("401", "There is no token, or it is not valid."),
        ("403", "The token does not allow this."),
        ("429", "Too many events in a short time; `Retry-After` says when to send again."),
        ("500", "A fault of the plane; its log says more."),
        ("503", "NATS is away; `Retry-After` says when to send again, which is safe."),
    ] {
        responses.insert(status.into(), body(what, "application/json", refused.clone()));
    }
    let operation = json!({
        "operationId": "entity_event",
        "summary": "Takes an event of an entity from FABER's sender",
        "description": format!(
            "In the form of Helm's cloud, answers and refusals included. Takes the right to publish about runs. An event is known again by its `event_id`. {ENTITY_EVENTS_PER_MINUTE} a minute for each actor, and twice that in one minute."
        ),
        "tags": ["faber"],
        "security": [{ "token": [] }],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": entity_event() } },
        },
        "responses": responses,
    });
    description.add(PATH, "post", operation);
}

fn entity_event() -> Value {
    let text = |bytes_max: usize, what: &str| json!({ "type": "string", "minLength": 1, "maxLength": bytes_max, "description": what });
    let name = |what: &str| text(ENTITY_NAME_BYTES_MAX, what);
    let id = |what: &str| text(ATTRIBUTE_BYTES_MAX, what);
    json!({
        "type": "object",
        "description": "An event of an entity. Whatever else it holds is kept as it is written.",
        "required": ["event_type", "event_id", "timestamp", "source", "entity"],
        "properties": {
            "event_type": { "enum": ENTITY_EVENTS, "description": "What happened." },
            "event_id": id("By which it is known again."),
            "timestamp": { "type": "string", "format": "date-time", "description": "When it happened." },
            "source": {
                "type": "object", "description": "Who says it.",
                "required": ["organization", "project"],
                "properties": { "organization": name("Whose project it is."), "project": name("The project.") },
            },
            "entity": {
                "type": "object", "description": "What it is about.",
                "required": ["type", "id"],
                "properties": { "type": name("What kind of entity."), "id": id("Which one.") },
            },
            "step": { "description": "What a run did; `run_id` names the run, `step_id` and `phase` the step." },
            "entity_snapshot": { "description": "How the entity stands after it." },
        },
    })
}
