//! What Helmstream says in FABER's own forms, strictly: an answer at a gate as an event of the run,
//! and what is deployed as the project's registry of deployments. Pure: data in, JSON out; where it
//! is written is decided elsewhere.

use std::collections::BTreeSet;

use helmstream_schemas::{
    Actor, Id, Timestamp,
    deployment::{Deployment, Monitoring, Unit},
    run::{Phase, Place},
};
use serde_json::{Map, Value, json};

/// What a run's event names as its source, and an entry of the registry as its writer.
pub const SOURCE: &str = "helmstream";

/// Under which an entry of the registry names its writer.
const EMITTED_BY: &str = "emitted_by";

/// What cannot be said in FABER's forms.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotEmittable {
    #[error("`{0}` is no run id that FABER takes: it takes org/project/uuid in lower case")]
    RunId(String),
    #[error("an event's number begins at 1")]
    Number,
    #[error("the registry is {0}, and has to be an object with a list `deployments`")]
    NotARegistry(&'static str),
}

/// An answer that people gave at a gate.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub approval: &'a Id,
    pub run: &'a Id,
    pub place: &'a Place,
    pub granted: bool,
    pub round: u32,
    /// The run's own number of the claim in which it asked.
    pub asked_number: Option<u64>,
    pub by: &'a Actor,
    pub at: Timestamp,
    pub reason: Option<&'a str>,
}

/// An answer as an event of the run.
pub fn approval_event(number: u64, answer: Answer<'_>) -> Result<Value, NotEmittable> {
    if !is_run_id(answer.run.as_str()) {
        return Err(NotEmittable::RunId(answer.run.as_str().to_owned()));
    }
    if number == 0 {
        return Err(NotEmittable::Number);
    }
    let word = if answer.granted { "granted" } else { "denied" };
    let said = answer.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    let mut metadata = object(json!({
        "approval": answer.approval.as_str(),
        "round": answer.round,
        "actor_kind": answer.by.kind.to_string(),
    }));
    put(&mut metadata, "reason", answer.reason);
    if let Some(number) = answer.asked_number {
        metadata.insert("request_event_id".into(), number.into());
    }
    let phase = answer.place.phase.filter(|phase| *phase != Phase::Other).map(Phase::word);
    if phase.is_none() {
        put(&mut metadata, "phase_text", answer.place.phase_text.as_deref());
    }
    let mut event = object(json!({
        "event_id": number,
        "type": format!("approval_{word}"),
        "timestamp": millis(answer.at),
        "run_id": answer.run.as_str(),
    }));
    put(&mut event, "phase", phase);
    put(&mut event, "step", answer.place.step.as_deref());
    event.insert("status".into(), "completed".into());
    event.insert("user".into(), answer.by.id.as_str().into());
    event.insert("source".into(), SOURCE.into());
    event.insert("message".into(), format!("approval {word} by {}{said}", answer.by.id).into());
    event.insert("metadata".into(), metadata.into());
    Ok(event.into())
}

/// Whether both FABER's schema and its emitter take this for a run: `org/project/uuid`, org and
/// project of two or more characters, all in lower case.
pub fn is_run_id(text: &str) -> bool {
    let [org, project, uuid] = text.split('/').collect::<Vec<_>>()[..] else { return false };
    let is_edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_name = |name: &str| {
        let bytes = name.as_bytes();
        bytes.len() >= 2
            && is_edge(bytes[0])
            && is_edge(bytes[bytes.len() - 1])
            && bytes.iter().all(|byte| is_edge(*byte) || matches!(byte, b'-' | b'_'))
    };
    let is_uuid = uuid.len() == 36
        && uuid.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        });
    is_name(org) && is_name(project) && is_uuid
}

/// The name of an event's file, by which FABER orders them.
pub fn event_file_name(number: u64, kind: &str) -> String {
    format!("{number:03}-{kind}.json")
}

/// The number in the name of an event's file.
pub fn number_of_file(name: &str) -> Option<u64> {
    let (number, kind) = name.strip_suffix(".json")?.split_once('-')?;
    if kind.is_empty() { None } else { number.parse().ok() }
}

/// A deployment as an entry of the registry. `unit` is an addition of ours: upstream's form has no
/// word for what stays the same from one deployment to the next. It was never deployed later than it
/// was told.
pub fn registry_entry(unit: &Unit, deployment: &Deployment, told_at: Timestamp) -> Value {
    let mut entry = deployment.rest.clone();
    for (key, value) in [
        ("id", deployment.id.as_str()),
        ("unit", &unit.id_text()),
        ("domain", unit.domain_word()),
        ("environment", unit.environment_word()),
        ("deployed_at", &millis(deployment.since(told_at))),
        (EMITTED_BY, SOURCE),
    ] {
        entry.insert(key.into(), value.into());
    }
    put(&mut entry, "faber_plugin", deployment.faber_plugin.as_deref());
    put(&mut entry, "helm_plugin", deployment.helm_plugin.as_deref());
    put(&mut entry, "deployed_by", deployment.deployed_by.as_deref());
    put(&mut entry, "work_item", deployment.work_item.as_deref());
    put(&mut entry, "run", deployment.run.as_ref().map(Id::as_str));
    // Where its source wrote more of them than can be kept otherwise, they stand as it wrote them.
    let resources = || json!(deployment.resources);
    entry.entry("resources").or_insert_with(resources);
    let more = entry.remove("monitoring");
    entry.insert("monitoring".into(), monitoring(deployment.monitoring.as_ref(), more));
    entry.into()
}

/// Whether a deployment was read out of a registry into which it had been emitted: then it says what
/// the plane knew, in other words.
pub fn is_emitted(deployment: &Deployment) -> bool {
    deployment.rest.get(EMITTED_BY).and_then(Value::as_str) == Some(SOURCE)
}

/// What is not said to be watched is not watched.
fn monitoring(told: Option<&Monitoring>, more: Option<Value>) -> Value {
    let mut held = more.map(object).unwrap_or_default();
    held.insert("enabled".into(), told.is_some_and(|told| told.enabled).into());
    let Some(told) = told else { return held.into() };
    put(&mut held, "helm_manager", told.helm_manager.as_deref());
    let interval = told.interval_ms.map(duration);
    let interval = told.interval_text.as_deref().or(interval.as_deref());
    put(&mut held, "health_check_interval", interval);
    if !told.alert_channels.is_empty() {
        held.insert("alert_channels".into(), json!(told.alert_channels));
    }
    if !told.objectives.is_empty() {
        held.insert("slos".into(), told.objectives.clone().into());
    }
    held.into()
}

/// A registry that holds `active`, and of what it held before whatever is unknown here. An entry
/// that is active and was there stays as it was written.
pub fn registry(
    before: Option<Value>,
    active: Vec<Value>,
    known: &BTreeSet<String>,
) -> Result<Value, NotEmittable> {
    let mut registry = match before {
        None => Map::new(),
        Some(Value::Object(registry)) => registry,
        Some(_) => return Err(NotEmittable::NotARegistry("no object")),
    };
    let held = match registry.remove("deployments") {
        None => Vec::new(),
        Some(Value::Array(held)) => held,
        Some(_) => return Err(NotEmittable::NotARegistry("without such a list")),
    };
    let stays: BTreeSet<String> = active.iter().filter_map(id_of).map(str::to_owned).collect();
    let mut kept: Vec<Value> = held
        .into_iter()
        .filter(|entry| id_of(entry).is_none_or(|id| stays.contains(id) || !known.contains(id)))
        .collect();
    let there: BTreeSet<String> = kept.iter().filter_map(id_of).map(str::to_owned).collect();
    kept.extend(active.into_iter().filter(|new| id_of(new).is_none_or(|id| !there.contains(id))));
    registry.insert("deployments".into(), kept.into());
    Ok(registry.into())
}

/// The id of an entry of a registry.
pub fn id_of(entry: &Value) -> Option<&str> {
    entry.get("id")?.as_str()
}

/// RFC 3339 in UTC, to the millisecond, with `Z`.
pub fn millis(at: Timestamp) -> String {
    let whole = at.to_string();
    let (seconds, rest) = whole.split_at(whole.len().min(19));
    let digits: String = rest.chars().skip(1).take_while(char::is_ascii_digit).take(3).collect();
    format!("{seconds}.{digits:0<3}Z")
}

/// A duration in the largest unit that says it in whole numbers.
fn duration(ms: u64) -> String {
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s")];
    let fits = units.into_iter().find(|(unit, _)| ms > 0 && ms.is_multiple_of(*unit));
    fits.map_or_else(|| format!("{ms}ms"), |(unit, word)| format!("{}{word}", ms / unit))
}

fn put(held: &mut Map<String, Value>, key: &str, value: Option<&str>) {
    if let Some(value) = value {
        held.insert(key.to_owned(), value.into());
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(held) => held,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests;
