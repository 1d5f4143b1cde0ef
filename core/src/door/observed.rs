//! What a file says of a run: whose it is, when it was seen, and what it tells. The run goes by the
//! name that the file holds; where it holds none, by the folder in which it lies.

use helmstream_schemas::{
    Context, Hash, Id, Timestamp,
    run::{About, Autonomy, Commit, Observe, Published, Removal, RunCommand, Sighting, Told},
    words,
};
use serde_json::{Map, Value, json};

use super::{
    Dead, Wanted,
    cloudevent::CloudEvent,
    faber,
    fields::{Fields, text},
    names, state,
};
use crate::faber::Shape;

/// A file of a run was seen.
pub(super) fn observe(
    shape: Shape,
    event: &CloudEvent,
    content: &Value,
    removed: Vec<Removal>,
    received_at: Timestamp,
) -> Result<Wanted, Dead> {
    let held = content.as_object().cloned().unwrap_or_default();
    let names = names_of(&held, path(event))?;
    let fields = Fields::new(held);
    let (told, time) = match shape {
        Shape::Metadata => metadata(fields),
        Shape::Changelog => published(fields, content),
        _ => state::read(fields),
    };
    let observe = Observe { sighting: sighting(event, content, removed, received_at), told };
    let word = words::encode(&RunCommand::Observe(Box::new(observe)));
    Ok(Wanted { names: names.clone(), time, ..Wanted::new(Context::Run, names[0].clone(), word) })
}

/// Where the file lies.
pub(super) fn path(event: &CloudEvent) -> &str {
    let data = event.data.as_ref();
    data.and_then(|data| data.get("path")?.as_str()).unwrap_or_default()
}

pub(super) fn sighting(
    event: &CloudEvent,
    content: &Value,
    removed: Vec<Removal>,
    received_at: Timestamp,
) -> Sighting {
    let said = |name: &str| event.data.as_ref().and_then(|data| data.get(name)).cloned();
    let written = said("written_at").and_then(|at| serde_json::from_value(at).ok());
    let commit = said("commit").and_then(|commit| serde_json::from_value::<Commit>(commit).ok());
    Sighting {
        path: path(event).to_owned(),
        content: Hash::of_json(content),
        received_at,
        written_at: written,
        commit,
        removed,
    }
}

/// The names of the run that a file is of.
fn names_of(held: &Map<String, Value>, path: &str) -> Result<Vec<Id>, Dead> {
    let written = held.iter().find(|(key, _)| key.eq_ignore_ascii_case("run_id"));
    let written = written.and_then(|(_, value)| text(value));
    let place = name_of(path);
    match (written, place) {
        (Some(name), Some(Place::OfPlan(other))) => {
            let aliases = json!({ "aliases": [other] });
            names::names(&name, aliases.as_object().unwrap_or(&Map::new()))
        }
        (Some(name), _) | (None, Some(Place::OfPlan(name) | Place::OfRun(name))) => {
            names::names(&name, &Map::new())
        }
        (None, None) => Err(Dead::new(
            "no_run",
            "the file does not say of which run it is, and does not lie where runs lie",
            "write `run_id` into the file, or keep it below `runs/` in the folder of its run",
        )),
    }
}

/// What a path says of a run.
enum Place {
    /// A state beside others of the same plan, told apart by the suffix in its name.
    OfPlan(String),
    /// A folder of its own.
    OfRun(String),
}

/// The name that the layouts of FABER give: `runs/{plan}/state-{suffix}.json`, or a folder of the
/// run's own below `runs/`, which can be several folders deep.
fn name_of(path: &str) -> Option<Place> {
    let (folder, name) = path.rsplit_once('/')?;
    let run = folder
        .strip_prefix("runs/")
        .or_else(|| folder.rsplit_once("/runs/").map(|(_, run)| run))?;
    let suffix = name.strip_prefix("state-").and_then(|rest| rest.strip_suffix(".json"));
    Some(match suffix {
        Some(suffix) => Place::OfPlan(format!("{run}/{suffix}")),
        None => Place::OfRun(run.to_owned()),
    })
}

/// What a file says of the run as a whole; what else it says is the rest.
pub(super) fn about(mut fields: Fields) -> About {
    let written = fields.text("autonomy");
    let level = |key: &str, level: &str| fields.peek(key)?.get(level).and_then(text);
    let autonomy_text = written
        .or_else(|| level("autonomy", "level"))
        .or_else(|| level("metadata", "autonomy_level"));
    let issue =
        fields.peek("work_items").and_then(|items| items.get(0)?.get("issue")?.get("title"));
    let title = issue.and_then(text);
    let autonomy = autonomy_text.as_deref().map(Autonomy::read);
    About {
        plan_id: fields.text("plan_id"),
        work_id: fields.first_text(&["work_id", "issue_number"]),
        workflow_id: fields.text("workflow_id"),
        autonomy,
        autonomy_text,
        title: title.or_else(|| fields.first_text(&["issue_title", "title", "target"])),
        rest: fields.rest(),
    }
}

fn metadata(fields: Fields) -> (Told, Option<Timestamp>) {
    let began = fields.peek("created_at").and_then(text);
    let time = began.and_then(|text| Timestamp::parse(&text).ok());
    (Told::Metadata(about(fields)), time)
}

fn published(mut fields: Fields, line: &Value) -> (Told, Option<Timestamp>) {
    let id = fields.text("event_id");
    let at = fields.moment("timestamp");
    let phase = fields.text("phase");
    let published = Published {
        id: id.unwrap_or_else(|| format!("line-{}", &Hash::of_json(line).to_string()[..12])),
        word: fields.text("event_type").unwrap_or_default(),
        place: faber::place(phase.as_deref(), fields.text("step_id")),
        status: fields.text("status"),
        target: fields.text("target"),
        environment: fields.text("environment"),
        work_id: fields.text("work_id"),
        message: fields.text("message"),
        rest: fields.rest(),
        at,
    };
    let time = published.at.as_ref().and_then(|moment| moment.at);
    (Told::Published(published), time)
}
