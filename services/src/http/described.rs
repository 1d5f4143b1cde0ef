//! Descriptions by hand, of what is no line: publishing in three modes, health, and the description
//! itself.

use helmstream_schemas::limits::ATTRIBUTE_BYTES_MAX;
use serde_json::{Value, json};

use super::{
    health::Readiness,
    line::Verb,
    openapi::{Description, body, prefer, told_too},
    publishing::Published,
};
use crate::{
    client::event::Told,
    http::limits::{BATCH_EVENTS_MAX, CE_HEADER_BYTES_MAX},
};

/// `POST /v1/events`.
pub(super) fn publishing_described(description: &mut Description) {
    let one = description.schema_of::<Published>();
    let either = json!({
        "oneOf": [one, { "type": "array", "items": one, "description": "One for each event of a batch, in its order." }],
    });
    let mut responses = description.refusals(Verb::Post);
    for (status, what) in [
        ("200", "What became of it, or of each event of a batch."),
        (
            "202",
            "Stored; of at least one it is not known yet what becomes of it. `Location` says where it will be.",
        ),
        ("409", "It was decided that this is not to be, or its id was used with other content."),
        ("422", "It could not be read, and is kept as a dead letter."),
        ("503", "It was stored and vanished without an outcome, or NATS or Postgres is away."),
    ] {
        told_too(&mut responses, status, what, &either);
    }
    let attribute = |name: &str, is_required: bool, what: &str| {
        json!({
            "name": name, "in": "header", "required": is_required, "description": what,
            "schema": { "type": "string", "minLength": 1, "maxLength": CE_HEADER_BYTES_MAX },
        })
    };
    let event = cloud_event();
    let batch = json!({
        "type": "array", "items": event, "minItems": 1, "maxItems": BATCH_EVENTS_MAX,
        "description": "All of them are published, or none.",
    });
    let anything = json!({ "description": "The data of the event whose attributes are in the `ce-` headers." });
    let operation = json!({
        "operationId": "publish",
        "summary": "Publishes CloudEvents",
        "description": "In the structured, the batched or the binary mode of the CloudEvents binding for HTTP. Takes the right to publish, and what the type of the event takes.",
        "tags": ["events"],
        "security": [{ "token": [] }],
        "parameters": [
            prefer(),
            attribute("ce-specversion", false, "In binary mode: `1.0`."),
            attribute("ce-id", false, "In binary mode: the event's id; with its source it is the key that tells a repeat."),
            attribute("ce-source", false, "In binary mode: the event's source."),
            attribute("ce-type", false, "In binary mode: the event's type."),
        ],
        "requestBody": {
            "required": true,
            "content": {
                "application/cloudevents+json": { "schema": event },
                "application/cloudevents-batch+json": { "schema": batch },
                "application/json": { "schema": anything },
            },
        },
        "responses": responses,
    });
    description.add("/v1/events", "post", operation);
}

/// `GET /v1/stream`.
pub(super) fn stream_described(description: &mut Description) {
    let mut responses = description.refusals(Verb::Get);
    responses.retain(|status, _| !matches!(status.as_str(), "404" | "409" | "500"));
    let told = description.schema_of::<Told>();
    let text = json!({
        "type": "string",
        "description": "Events of server-sent events: `event` holds one event of the log as JSON, its id is its position; `reset` says that the position was too old and the stream goes on at the head; `cut` says that the reader was too slow. Lines that begin with a colon are signs of life; an id without data says how far the log was looked through.",
        "contentMediaType": "application/json",
        "contentSchema": told,
    });
    responses
        .insert("200".into(), body("Events, as they are recorded.", "text/event-stream", text));
    let from_query = |name: &str, schema: Value, what: &str| json!({ "name": name, "in": "query", "required": false, "description": what, "schema": schema });
    let text = || json!({ "type": "string" });
    let position = json!({ "type": "integer", "format": "uint64", "minimum": 0 });
    let operation = json!({
        "operationId": "event_tail",
        "summary": "Events as they are recorded",
        "description": "Server-sent events. Whoever was cut off names the last id and goes on without a gap and without a repeat. Takes the right to look.",
        "tags": ["stream"],
        "security": [{ "token": [] }],
        "parameters": [
            from_query("from_seq", position, "From this position on; without it, what is recorded from now on."),
            from_query("context", text(), "Of this context only; who is limited to some contexts has to name one of them."),
            from_query("aggregate", text(), "Of this aggregate only."),
            from_query("type", text(), "Of this type only, whole or as the word of a context such as `step_ended`."),
            {
                "name": "Last-Event-ID", "in": "header", "required": false,
                "description": "The id of the last event that was seen; goes before `from_seq`.",
                "schema": { "type": "string", "pattern": "^[0-9]{1,19}$" },
            },
        ],
        "responses": responses,
    });
    description.add("/v1/stream", "get", operation);
}

/// `GET /livez` and `GET /readyz`.
pub(super) fn health_described(description: &mut Description) {
    let unread = |description: &mut Description| {
        let mut responses = description.refusals(Verb::Get);
        responses.retain(|status, _| matches!(status.as_str(), "400" | "431"));
        responses
    };
    let text = json!({ "type": "string" });
    let mut responses = unread(description);
    responses.insert("200".into(), body("It does.", "text/plain; charset=utf-8", text));
    let live = json!({
        "operationId": "live",
        "summary": "Whether the process lives",
        "description": "Needs no token.",
        "tags": ["health"],
        "security": [],
        "responses": responses,
    });
    description.add("/livez", "get", live);
    let readiness = description.schema_of::<Readiness>();
    let mut responses = unread(description);
    for (status, what) in [("200", "It can."), ("503", "It cannot.")] {
        responses.insert(status.into(), body(what, "application/json", readiness.clone()));
    }
    let ready = json!({
        "operationId": "ready",
        "summary": "Whether the plane can do its work",
        "description": "Each thing that is needed, and what is the matter with it. Needs no token.",
        "tags": ["health"],
        "security": [],
        "responses": responses,
    });
    description.add("/readyz", "get", ready);
}

/// `GET /v1/openapi.json`.
pub(super) fn itself_described(description: &mut Description) {
    let mut responses = description.refusals(Verb::Get);
    responses.retain(|status, _| {
        matches!(status.as_str(), "400" | "401" | "429" | "431" | "500" | "503")
    });
    let document = json!({ "type": "object", "required": ["openapi", "info", "paths"] });
    responses.insert("200".into(), body("This document.", "application/json", document));
    let operation = json!({
        "operationId": "openapi",
        "summary": "This document",
        "description": "The interface, described as OpenAPI 3.1.",
        "tags": ["openapi.json"],
        "security": [{ "token": [] }],
        "responses": Value::Object(responses),
    });
    description.add("/v1/openapi.json", "get", operation);
}

fn cloud_event() -> Value {
    let text = |what: &str| json!({ "type": "string", "minLength": 1, "maxLength": ATTRIBUTE_BYTES_MAX, "description": what });
    // What is no text here, and should be, is kept as it stands.
    let attribute = |what: &str| json!({ "type": ["string", "number", "boolean", "null"], "maxLength": ATTRIBUTE_BYTES_MAX, "description": what });
    json!({
        "type": "object",
        "description": "A CloudEvent 1.0 in the JSON format. Further attributes are texts, numbers or truth values; what is null is not there.",
        "required": ["specversion", "id", "source", "type"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": text("With the source it is the key that tells a repeat."),
            "source": text("Who says it, as a URI reference."),
            "type": text("What kind of thing happened."),
            "subject": attribute("About what, as the source names it."),
            "time": { "type": ["string", "null"], "format": "date-time", "description": "When it happened, as the source says." },
            "datacontenttype": attribute("The type of the data."),
            "data": { "description": "What happened." },
            "data_base64": { "contentEncoding": "base64", "description": "The same as bytes; never beside `data`." },
        },
        "not": { "required": ["data", "data_base64"] },
        "additionalProperties": attribute("An attribute of the publisher's own."),
    })
}
