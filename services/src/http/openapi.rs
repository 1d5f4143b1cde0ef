//! The OpenAPI document of the interface, made of its lines and of the types that travel.

use std::collections::BTreeSet;

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::{
    exact::exact,
    line::{Line, Verb},
    problem::ProblemDocument,
    publishing::Published,
};
use crate::client::publish::Settled;

/// The names that a request knows outside of its path; absent if it takes any.
pub(super) type Known = Option<BTreeSet<String>>;

/// What is known of the interface so far.
pub struct Description {
    generator: SchemaGenerator,
    paths: Map<String, Value>,
}

impl Default for Description {
    fn default() -> Self {
        Self::new()
    }
}

impl Description {
    pub fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
        });
        Self { generator: settings.into_generator(), paths: Map::new() }
    }

    /// Describes a question, and tells which names its request knows outside of the path.
    pub fn question<Q: JsonSchema, A: JsonSchema>(&mut self, line: &Line<Q, A>) -> Known {
        let answer = self.generator.subschema_for::<A>().to_value();
        let mut responses = self.refusals(line.verb);
        responses.insert("200".into(), body("It is found, or done.", "application/json", answer));
        self.operation(line, responses, vec![])
    }

    /// Describes an action that is asked by publishing.
    pub fn action<Q: JsonSchema>(&mut self, line: &Line<Q, Settled>) -> Known {
        let answer = self.generator.subschema_for::<Published>().to_value();
        let mut responses = self.refusals(line.verb);
        let settled = [
            ("200", "It is done, or was so already."),
            (
                "202",
                "It is stored; what becomes of it is not known yet. `Location` says where it will be.",
            ),
            (
                "409",
                "It was decided that this is not to be, or the key was used for something else.",
            ),
            ("422", "It could not be read, and is kept as a dead letter."),
            ("503", "It was stored and vanished without an outcome, or NATS or Postgres is away."),
        ];
        for (status, what) in settled {
            told_too(&mut responses, status, what, &answer);
        }
        self.operation(line, responses, vec![idempotency_key(), prefer()])
    }

    /// Adds to an operation what not every one has.
    pub(super) fn amend(&mut self, path: &str, verb: &str, amend: impl FnOnce(&mut Value)) {
        if let Some(operation) = self.paths.get_mut(path).and_then(|methods| methods.get_mut(verb))
        {
            amend(operation);
        }
    }

    /// Adds an operation that is described by hand.
    pub fn add(&mut self, path: &str, verb: &str, operation: Value) {
        let methods = self.paths.entry(path).or_insert_with(|| json!({}));
        methods[verb] = operation;
    }

    /// Where a type is described.
    pub fn schema_of<T: JsonSchema>(&mut self) -> Value {
        self.generator.subschema_for::<T>().to_value()
    }

    /// What can be answered instead of what was asked for.
    pub fn refusals(&mut self, verb: Verb) -> Map<String, Value> {
        let problem = self.generator.subschema_for::<ProblemDocument>().to_value();
        let mut told = vec![
            ("400", "The request cannot be read."),
            ("401", "There is no token, or it is not valid."),
            ("403", "The token does not allow this."),
            ("404", "Nothing has that name."),
            ("409", "Several things have that name, or it is refused as things stand."),
            ("422", "The request can be read and means nothing here."),
            (
                "429",
                "The token has asked too much in a short time; `Retry-After` says when to ask again.",
            ),
            (
                "431",
                "The head of the request is too large; of one that is far too large no more is told.",
            ),
            ("500", "A fault of the plane; its log says more."),
            ("503", "NATS or Postgres is away; `Retry-After` says when to ask again."),
        ];
        if verb == Verb::Post {
            told.extend([
                ("408", "The body did not come in time."),
                ("412", "It has changed since the revision that `If-Match` names."),
                ("413", "The body is too large."),
                ("415", "The body is of a type that is not taken here."),
            ]);
        }
        let each = told.into_iter().map(|(status, what)| {
            (status.to_owned(), body(what, "application/problem+json", problem.clone()))
        });
        each.collect()
    }

    fn operation<Q: JsonSchema, A>(
        &mut self,
        line: &Line<Q, A>,
        responses: Map<String, Value>,
        headers: Vec<Value>,
    ) -> Known {
        let request = Q::json_schema(&mut self.generator).to_value();
        let properties = request["properties"].as_object().cloned().unwrap_or_default();
        let required = names(&request["required"]);
        let is_in_path = |name: &str| line.path.contains(&format!("{{{name}}}"));
        let mut parameters = Vec::new();
        for (name, schema) in &properties {
            let place = match line.verb {
                _ if is_in_path(name) => "path",
                Verb::Get => "query",
                Verb::Post => continue,
            };
            let is_required = place == "path" || required.contains(name);
            parameters.push(parameter(name, place, is_required, schema));
        }
        parameters.push(min_seq());
        let mut operation = json!({
            "operationId": line.name,
            "summary": line.summary.trim_end_matches('.'),
            "description": format!("{} Takes the right to {}.", line.summary, right(line.right)),
            "tags": [line.path.split('/').nth(2).unwrap_or_default()],
            "security": [{ "token": [] }],
            "responses": responses,
        });
        let known = properties.keys().filter(|name| line.verb == Verb::Get || !is_in_path(name));
        let known = request.get("properties").map(|_| known.cloned().collect());
        if line.verb == Verb::Post {
            let mut schema = request;
            for list in ["properties", "required"] {
                match schema.get_mut(list) {
                    Some(Value::Object(map)) => map.retain(|name, _| !is_in_path(name)),
                    Some(Value::Array(list)) => {
                        list.retain(|name| !name.as_str().is_some_and(is_in_path))
                    }
                    _ => {}
                }
            }
            let is_required = schema["required"].as_array().is_some_and(|list| !list.is_empty());
            prune(&mut schema);
            if known.is_some() {
                schema["additionalProperties"] = Value::Bool(false);
            }
            operation["requestBody"] = json!({
                "required": is_required,
                "content": { "application/json": { "schema": schema } },
            });
        }
        parameters.extend(headers);
        operation["parameters"] = Value::Array(parameters);
        let verb = if line.verb == Verb::Get { "get" } else { "post" };
        self.add(line.path, verb, operation);
        known
    }

    /// The document as a whole.
    pub fn document(mut self) -> Value {
        let schemas = self.generator.take_definitions(true);
        let mut document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Helmstream",
                "version": env!("CARGO_PKG_VERSION"),
                "summary": "An operations plane: what happened, why, and what became of it",
                "description": "Every question and action of the command line. Every answer carries the position of the log that it is as of.",
                "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
                "contact": { "name": "Helmstream" },
            },
            "servers": [{ "url": "/", "description": "This plane" }],
            "tags": tags(&self.paths),
            "paths": self.paths,
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "token": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "A token that `helmstream token create` made, or one of an identity provider that the plane trusts.",
                    },
                },
            },
        });
        exact(&mut document);
        document
    }
}

/// A body of one type, described.
pub(super) fn body(description: &str, kind: &str, schema: Value) -> Value {
    json!({ "description": description, "content": { kind: { "schema": schema } } })
}

/// An answer with a status that a problem can have as well.
pub(super) fn told_too(
    responses: &mut Map<String, Value>,
    status: &str,
    what: &str,
    answer: &Value,
) {
    let response = responses.entry(status).or_insert_with(|| json!({ "content": {} }));
    response["description"] = json!(what);
    response["content"]["application/json"] = json!({ "schema": answer });
}

fn parameter(name: &str, place: &str, is_required: bool, schema: &Value) -> Value {
    let mut schema = schema.clone();
    let told = schema.as_object_mut().and_then(|schema| schema.remove("description"));
    let mut description = told.unwrap_or_else(|| json!(format!("`{name}`.")));
    if name == "at" && place == "query" {
        schema = json!({ "anyOf": [
            { "type": "integer", "format": "uint64", "minimum": 1 },
            { "type": "string", "format": "date-time" },
        ] });
        description = json!(
            "As of this position, or of a time as in RFC 3339; of what is there now if absent."
        );
    }
    // A query has no null: what is not there is absent.
    if let Some(kinds) = schema["type"].as_array() {
        let kept: Vec<&Value> = kinds.iter().filter(|kind| **kind != "null").collect();
        if let [kind] = kept[..] {
            schema["type"] = kind.clone();
        }
    }
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.retain(|value| !value.is_null());
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let kept: Vec<&Value> = any.iter().filter(|kind| kind["type"] != "null").collect();
        if let [kind] = kept[..] {
            schema = kind.clone();
        }
    }
    prune(&mut schema);
    json!({
        "name": name, "in": place, "required": is_required, "description": description, "schema": schema,
    })
}

/// Without what only says that something is not said.
fn prune(schema: &mut Value) {
    let Some(schema) = schema.as_object_mut() else { return };
    schema.remove("$schema");
    schema.remove("title");
    schema.retain(|name, value| !(name == "default" && value.is_null()));
}

fn min_seq() -> Value {
    json!({
        "name": "min_seq", "in": "query", "required": false,
        "description": "Waits until the views have read so far, so that one's own writes are seen.",
        "schema": { "type": "integer", "format": "uint64", "minimum": 0 },
    })
}

fn idempotency_key() -> Value {
    json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "Asked again under the same key it is done once, and answered the same.",
        "schema": { "type": "string", "minLength": 1, "maxLength": crate::http::limits::IDEMPOTENCY_KEY_BYTES_MAX, "pattern": "^[!-~]+$" },
    })
}

/// The header that says how long an outcome is waited for.
pub(super) fn prefer() -> Value {
    json!({
        "name": "Prefer", "in": "header", "required": false,
        "description": "`wait=SECONDS`: how long the outcome is waited for before it is told where it will be. Any other preference is ignored, as RFC 7240 wants it.",
        "example": "wait=5",
        "schema": { "type": "string", "maxLength": crate::http::limits::PREFER_BYTES_MAX },
    })
}

fn right(right: helmstream_schemas::access::Right) -> &'static str {
    use helmstream_schemas::access::Right;
    match right {
        Right::Look => "look",
        Right::Publish => "publish",
        Right::Operate => "operate",
        Right::Approve => "approve",
        Right::Administer => "administer",
    }
}

fn names(list: &Value) -> BTreeSet<String> {
    let names = list.as_array().into_iter().flatten();
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

fn tags(paths: &Map<String, Value>) -> Vec<Value> {
    let operations =
        paths.values().filter_map(Value::as_object).flat_map(|methods| methods.values());
    let named: BTreeSet<String> =
        operations.flat_map(|operation| names(&operation["tags"])).collect();
    named
        .into_iter()
        .map(|name| json!({ "name": name, "description": format!("About {name}.") }))
        .collect()
}
