//! The registry in which faber-cloud lists the resources of one project in one environment: what
//! the unit of that name consists of.

use helmstream_schemas::{
    Actor, Context, Hash, Id, Timestamp,
    deployment::{DeploymentCommand, List, Resource, Unit},
    words,
};
use serde_json::{Map, Value};

use super::{
    Dead, Wanted,
    cloudevent::CloudEvent,
    deployed,
    fields::{Fields, text},
    observed,
};

/// What a registry lists.
pub(super) fn list(
    event: &CloudEvent,
    content: &Value,
    by: Actor,
    at: Timestamp,
) -> Result<Wanted, Dead> {
    let mut fields = Fields::new(content.as_object().cloned().unwrap_or_default());
    let path = observed::path(event);
    let environment = fields
        .text("environment")
        .or_else(|| environment_of(path))
        .ok_or_else(|| not_a_registry("it does not say of which environment it is"))?;
    let project = fields.text("project").or_else(|| {
        event.source.rsplit('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
    });
    let project =
        project.ok_or_else(|| not_a_registry("it does not say of which project it is"))?;
    let unit = Unit::read("infrastructure", &environment, &project);
    let id = Id::new(unit.id_text()).map_err(|error| not_a_registry(&error.to_string()))?;
    let resources = resources(&mut fields);
    let time = fields.peek("last_updated").and_then(text);
    let time = time.and_then(|text| Timestamp::parse(&text).ok());
    let list =
        List { unit, resources, by, at, content: Hash::of_json(content), rest: fields.rest() };
    let word = words::encode(&DeploymentCommand::List(list));
    Ok(Wanted { time, ..Wanted::new(Context::Deployment, id, word) })
}

/// A list, or a map by a key that names what has no other name. Where one says more than a resource
/// can hold, all are kept as written too.
fn resources(fields: &mut Fields) -> Vec<Resource> {
    if let Some(written) = fields.list("resources") {
        let read: Vec<Resource> = written.iter().map(deployed::resource).collect();
        if serde_json::to_value(&read).is_ok_and(|told| told != Value::Array(written.clone())) {
            fields.put_back("resources", Value::Array(written));
        }
        return read;
    }
    let written: Map<String, Value> = fields.object("resources").unwrap_or_default();
    let read = written.iter().map(|(key, value)| {
        let resource = deployed::resource(value);
        Resource { name: resource.name.or_else(|| Some(key.clone())), ..resource }
    });
    let read = read.collect();
    if !written.is_empty() {
        fields.put_back("resources", Value::Object(written));
    }
    read
}

/// `…/deployments/{environment}/registry.json`.
fn environment_of(path: &str) -> Option<String> {
    let mut parts = path.rsplit('/').skip(1);
    let environment = parts.next()?;
    (parts.next() == Some("deployments")).then(|| environment.to_owned())
}

fn not_a_registry(detail: &str) -> Dead {
    Dead::new(
        "not_a_registry",
        format!("a registry of resources, but {detail}"),
        "write `environment` and `project` into the registry",
    )
}
