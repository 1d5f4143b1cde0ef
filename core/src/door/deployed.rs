//! One deployment as FABER's registry of deployments writes it, from the registry itself or from
//! whoever registers one: what the unit is, and everything else that is said.

use helmstream_schemas::{
    Actor, Context, Hash, Id, Timestamp,
    deployment::{Deployment, DeploymentCommand, Monitoring, Register, Resource, Source, Unit},
    time::duration,
    words,
};
use serde_json::{Map, Value};

use super::{
    Dead, Wanted,
    cloudevent::kind_of,
    fields::{Fields, text},
    names,
};

/// Registers what somebody asks to be registered.
pub(super) fn register(entry: &Value, by: Actor, at: Timestamp) -> Result<Wanted, Dead> {
    wanted(entry, Source::Asked, by, at)
}

/// Registers an entry of the project's registry of deployments.
pub(super) fn of_registry(entry: &Value, by: Actor, at: Timestamp) -> Result<Wanted, Dead> {
    wanted(entry, Source::Registry, by, at)
}

fn wanted(entry: &Value, source: Source, by: Actor, at: Timestamp) -> Result<Wanted, Dead> {
    let Value::Object(held) = entry else {
        return Err(not_a_deployment(format!(
            "a deployment is an object, and this is {}",
            kind_of(entry)
        )));
    };
    let content = Hash::of_json(entry);
    let mut fields = Fields::new(held.clone());
    let resources = resources(&mut fields);
    let unit = unit(&mut fields, &resources)?;
    let id =
        Id::new(unit.id_text()).map_err(|error| not_a_deployment(format!("the unit: {error}")))?;
    let deployment = deployment(fields, resources, content);
    let time = deployment.deployed_at;
    let register = Register { unit, deployment, source, by, at, content };
    let word = words::encode(&DeploymentCommand::Register(Box::new(register)));
    Ok(Wanted { time, ..Wanted::new(Context::Deployment, id, word) })
}

/// What is deployed where. The registry has no word for what stays the same from one deployment to
/// the next: it is what the entry names as its `unit` or `name`, or else the first of its resources
/// in the order of their identities.
fn unit(fields: &mut Fields, resources: &[Resource]) -> Result<Unit, Dead> {
    let named = fields.first_text(&["unit", "name"]);
    let name = named
        .or_else(|| resources.iter().filter_map(identity).min())
        .ok_or_else(|| not_a_deployment("nothing says what was deployed".into()))?;
    let [domain, environment] = ["domain", "environment"].map(|key| fields.text(key));
    if let (None, None, [domain, environment, rest]) =
        (&domain, &environment, &name.splitn(3, '/').collect::<Vec<_>>()[..])
    {
        return Ok(Unit::read(domain, environment, rest));
    }
    let missing = |what: &str| not_a_deployment(format!("`{what}` is missing"));
    let domain = domain.ok_or_else(|| missing("domain"))?;
    let environment = environment.ok_or_else(|| missing("environment"))?;
    let whole = Unit::read(&domain, &environment, "").id_text();
    Ok(Unit::read(&domain, &environment, name.strip_prefix(&whole).unwrap_or(&name)))
}

fn identity(resource: &Resource) -> Option<String> {
    let named = || Some(format!("{}/{}", resource.kind, resource.name.as_ref()?));
    resource.arn.clone().or_else(named)
}

fn deployment(mut fields: Fields, resources: Vec<Resource>, content: Hash) -> Deployment {
    let id = fields.text("id");
    let deployed = fields.moment("deployed_at");
    let run = ["run", "run_id"].iter().find_map(|key| {
        let name = names::names(fields.peek(key)?.as_str()?, &Map::new()).ok()?.swap_remove(0);
        let _ = fields.text(key);
        Some(name)
    });
    let [deployed_by, work_item, faber_plugin, helm_plugin] =
        ["deployed_by", "work_item", "faber_plugin", "helm_plugin"].map(|key| fields.text(key));
    Deployment {
        id: id.unwrap_or_else(|| format!("deploy-{}", &content.to_string()[..12])),
        deployed_at: deployed.as_ref().and_then(|moment| moment.at),
        deployed_text: deployed.filter(|moment| moment.at.is_none()).map(|moment| moment.text),
        deployed_by,
        run,
        work_item,
        faber_plugin,
        helm_plugin,
        resources,
        monitoring: monitoring(&mut fields),
        rest: fields.rest(),
    }
}

/// The resources of a deployment. Where one says more than a resource can hold, the whole list is
/// kept as written too.
fn resources(fields: &mut Fields) -> Vec<Resource> {
    let Some(written) = fields.list("resources") else { return Vec::new() };
    let read: Vec<Resource> = written.iter().map(resource).collect();
    if serde_json::to_value(&read).is_ok_and(|told| told != Value::Array(written.clone())) {
        fields.put_back("resources", Value::Array(written));
    }
    read
}

/// A resource as FABER's registries write it, whichever keys they use.
pub(super) fn resource(value: &Value) -> Resource {
    let empty = Map::new();
    let held = value.as_object().unwrap_or(&empty);
    let first = |keys: &[&str]| keys.iter().find_map(|key| text(held.get(*key)?));
    Resource {
        kind: first(&["type", "resource_type"]).unwrap_or_else(|| "other".into()),
        name: first(&["name", "aws_name", "aws_id", "terraform_name", "terraform_address"])
            .or_else(|| text(value)),
        arn: first(&["arn"]),
        url: first(&["url", "console_url"]),
    }
}

fn monitoring(fields: &mut Fields) -> Option<Monitoring> {
    let mut held = Fields::new(fields.object("monitoring")?);
    let enabled = held.flag("enabled").unwrap_or(true);
    let helm_manager = held.text("helm_manager");
    let interval_text = held.first_text(&["health_check_interval", "interval"]);
    let channels = held.list("alert_channels").unwrap_or_default();
    let (texts, others): (Vec<Value>, Vec<Value>) =
        channels.into_iter().partition(|channel| channel.is_string());
    let alert_channels = texts.iter().filter_map(text).collect();
    if !others.is_empty() {
        held.put_back("alert_channels", Value::Array(others));
    }
    let objectives = held.object("slos").or_else(|| held.object("objectives")).unwrap_or_default();
    let rest = held.rest();
    if !rest.is_empty() {
        fields.put_back("monitoring", Value::Object(rest));
    }
    let interval = interval_text.as_deref().and_then(duration);
    let interval_ms = interval.and_then(|interval| u64::try_from(interval.as_millis()).ok());
    Some(Monitoring {
        enabled,
        helm_manager,
        interval_ms,
        interval_text,
        alert_channels,
        objectives,
    })
}

fn not_a_deployment(detail: String) -> Dead {
    Dead::new(
        "not_a_deployment",
        detail,
        "say `domain`, `environment` and what was deployed: `unit`, or `resources` with an `arn` or a `type` and a `name`",
    )
}

#[cfg(test)]
#[path = "deployed_tests.rs"]
mod tests;
