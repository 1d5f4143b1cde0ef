//! A run's state in every form it is met in. Phases are a list, or a map, or missing; steps stand
//! beside them, in them as a list or a map, or only as the ids of those that are done.

use helmstream_schemas::{
    Timestamp,
    run::{Artifact, Moment, Phase, PhaseState, State, StepState, Told},
};
use serde_json::{Map, Value};

use super::{
    faber,
    fields::{Fields, text},
    observed,
};

/// How the run stands, and when the state was last written as it says itself.
pub(super) fn read(mut fields: Fields) -> (Told, Option<Timestamp>) {
    let mut steps: Vec<StepState> = Vec::new();
    let phases = phases(&mut fields, &mut steps);
    let beside = fields.list("steps").unwrap_or_default();
    steps.extend(beside.into_iter().map(|step| read_step(step, None, None)));
    let done = fields.list("completed_step_ids").unwrap_or_default();
    steps.extend(done.into_iter().map(|id| done_step(id, None)));
    let moments = ["started_at", "updated_at", "completed_at"].map(|key| fields.moment(key));
    let [started_at, updated_at, completed_at]: [Option<Moment>; 3] = moments;
    let artifacts = artifacts(&mut fields);
    let state = State {
        status: fields.text("status"),
        phase: fields.text("current_phase"),
        step: fields.text("current_step"),
        started_at,
        updated_at,
        completed_at,
        phases,
        steps,
        artifacts,
        about: observed::about(fields),
    };
    let time = state.updated_at.as_ref().and_then(|moment| moment.at);
    (Told::State(state), time)
}

fn phases(fields: &mut Fields, steps: &mut Vec<StepState>) -> Vec<PhaseState> {
    if let Some(listed) = fields.list("phases") {
        return listed.into_iter().map(|phase| read_phase(None, phase, steps)).collect();
    }
    let mut mapped: Vec<(String, Value)> =
        fields.object("phases").unwrap_or_default().into_iter().collect();
    mapped.sort_by_key(|(name, _)| Phase::read(name));
    mapped.into_iter().map(|(name, phase)| read_phase(Some(name), phase, steps)).collect()
}

fn read_phase(name: Option<String>, phase: Value, steps: &mut Vec<StepState>) -> PhaseState {
    let (held, word) = taken(phase);
    let mut held = Fields::new(held);
    let (name, word) = match name {
        Some(name) => (Some(name), word),
        None => (word.or_else(|| held.first_text(&["name", "phase", "id"])), None),
    };
    let name = name.as_deref();
    let listed = held.list("steps").unwrap_or_default();
    steps.extend(listed.into_iter().map(|step| read_step(step, None, name)));
    let mapped = held.object("steps").unwrap_or_default();
    steps.extend(mapped.into_iter().map(|(id, step)| read_step(step, Some(id), name)));
    let done = held.list("completed_step_ids").unwrap_or_default();
    steps.extend(done.into_iter().map(|id| done_step(id, name)));
    PhaseState {
        place: faber::place(name, None),
        status: held.text("status").or(word),
        started_at: held.moment("started_at"),
        completed_at: held.moment("completed_at"),
        rest: held.rest(),
    }
}

/// A step as an object, or only its name; or, under its name, only its status.
fn read_step(step: Value, id: Option<String>, phase: Option<&str>) -> StepState {
    let (held, word) = taken(step);
    let mut held = Fields::new(held);
    let (id, word) = match id {
        Some(id) => (Some(id), word),
        None => (word.or_else(|| held.first_text(&["step_id", "id", "name", "step"])), None),
    };
    let own = held.text("phase");
    StepState {
        place: faber::place(own.as_deref().or(phase), id),
        status: held.text("status").or(word),
        message: held.text("message"),
        completed_at: held.moment("completed_at"),
        rest: held.rest(),
    }
}

/// The id of a step that is done, `phase:step`.
fn done_step(id: Value, phase: Option<&str>) -> StepState {
    let (rest, id) = taken(id);
    let place = match (id.as_deref().and_then(|id| id.split_once(':')), phase) {
        (Some((own, step)), None) => faber::place(Some(own), Some(step.to_owned())),
        (Some((own, step)), Some(phase)) if own.eq_ignore_ascii_case(phase) => {
            faber::place(Some(phase), Some(step.to_owned()))
        }
        _ => faber::place(phase, id),
    };
    StepState { place, status: Some("completed".into()), message: None, completed_at: None, rest }
}

/// An object, or the one word that stands in its place; anything else under a name for it.
fn taken(value: Value) -> (Map<String, Value>, Option<String>) {
    match value {
        Value::Object(held) => (held, None),
        Value::Null => (Map::new(), None),
        other => match text(&other) {
            Some(word) => (Map::new(), Some(word)),
            None => ([("value".to_owned(), other)].into_iter().collect(), None),
        },
    }
}

/// What the run made. It is told in several ways, and what is not told in full is kept as written.
fn artifacts(fields: &mut Fields) -> Vec<Artifact> {
    let mut made = Vec::new();
    if let Some(listed) = fields.list("artifacts") {
        made.extend(listed.iter().map(faber::artifact));
        if serde_json::to_value(&made).is_ok_and(|told| told != Value::Array(listed.clone())) {
            fields.put_back("artifacts", Value::Array(listed));
        }
    } else if let Some(mapped) = fields.object("artifacts") {
        of_map(&mapped, &mut made);
        fields.put_back("artifacts", Value::Object(mapped));
    }
    let beside = ["branch", "pr_number", "pr_url"];
    let beside = beside.map(|key| Some((key.to_owned(), fields.peek(key)?.clone())));
    of_map(&beside.into_iter().flatten().collect(), &mut made);
    let mut each: Vec<Artifact> = Vec::new();
    made.into_iter().for_each(|artifact| {
        if !each.contains(&artifact) {
            each.push(artifact);
        }
    });
    each
}

fn of_map(mapped: &Map<String, Value>, made: &mut Vec<Artifact>) {
    let named = |kind: &str| Artifact {
        kind: kind.to_owned(),
        name: None,
        path: None,
        url: None,
        sha: None,
        size_bytes: None,
    };
    let number = mapped
        .get("pr_number")
        .and_then(text)
        .map(|number| format!("#{}", number.trim_start_matches('#')));
    let url = mapped.get("pr_url").and_then(text);
    if number.is_some() || url.is_some() {
        made.push(Artifact { name: number, url, ..named("pr") });
    }
    for (key, value) in mapped {
        let one = |value: &Value| match (key.as_str(), text(value)) {
            ("pr_number" | "pr_url", _) => None,
            ("spec_path", Some(path)) => Some(Artifact { path: Some(path), ..named("spec") }),
            ("commits" | "commit", Some(sha)) => {
                Some(Artifact { sha: Some(sha), ..named("commit") })
            }
            (kind, Some(name)) => Some(Artifact { name: Some(name), ..named(kind) }),
            (_, None) => value.is_object().then(|| faber::artifact(value)),
        };
        match value {
            Value::Array(items) => made.extend(items.iter().filter_map(one)),
            value => made.extend(one(value)),
        }
    }
}
