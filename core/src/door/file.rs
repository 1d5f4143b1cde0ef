//! A file of a FABER project, as an observer saw it: what it says of a run, of a deployment, or of
//! nothing that has a meaning here; and one that could not be read, which is kept as a dead letter.

use helmstream_schemas::{
    Actor, Context, Hash, external::ExternalCommand, limits::DETAIL_BYTES_MAX, run::Removal, words,
};
use serde_json::Value;

use super::{
    Arrival, Dead, Wanted,
    cloudevent::{self, CloudEvent},
    deployed, entity, listed, observed,
};
use crate::faber::Shape;

/// The type under which a file is published.
pub const FILE: &str = "helmstream.faber.file.v1";
/// The type under which a file is published that could not be read.
pub const QUARANTINE: &str = "helmstream.faber.quarantine.v1";

pub(super) fn is_file(kind: &str) -> bool {
    kind == FILE || kind == QUARANTINE
}

/// What a file asks.
pub(super) fn read(
    event: &CloudEvent,
    removed: Vec<Removal>,
    arrival: &Arrival<'_>,
    known_by: (Hash, Hash),
) -> Result<Wanted, Dead> {
    if event.kind == QUARANTINE {
        return Err(quarantined(event, known_by));
    }
    let said = |name: &str| event.data.as_ref().and_then(|data| data.get(name));
    let shape = said("shape").and_then(Value::as_str).and_then(Shape::named);
    let (Some(shape), Some(content)) = (shape, said("content")) else {
        return kept(event, removed);
    };
    let by = || Actor { id: arrival.actor.to_owned(), kind: arrival.actor_kind };
    let at = arrival.received_at;
    match (shape, said("place").and_then(Value::as_str)) {
        (Shape::Deployments, Some(place)) if place != "head" => {
            deployed::of_registry(content, by(), at)
        }
        (Shape::CloudRegistry, _) => listed::list(event, content, by(), at),
        (shape, _) if shape.is_state() || matches!(shape, Shape::Metadata | Shape::Changelog) => {
            observed::observe(shape, event, content, removed, at)
        }
        (Shape::EntityEvent, _) => {
            let sighting = observed::sighting(event, content, removed.clone(), at);
            entity::of_run(content, sighting).map_or_else(|| kept(event, removed), Ok)
        }
        _ => kept(event, removed),
    }
}

/// What has no meaning here is kept by its source, whole.
pub(super) fn kept(event: &CloudEvent, removed: Vec<Removal>) -> Result<Wanted, Dead> {
    let (source, fact) = cloudevent::external(event, removed)?;
    Ok(Wanted::new(Context::External, source, words::encode(&ExternalCommand::Record(fact))))
}

fn quarantined(event: &CloudEvent, known_by: (Hash, Hash)) -> Dead {
    let said = |name: &str| {
        let text = event.data.as_ref().and_then(|data| data.get(name)?.as_str());
        let text = text.unwrap_or("nothing was said of it");
        text[..text.floor_char_boundary(DETAIL_BYTES_MAX / 2)].to_owned()
    };
    let detail = format!("{}: {}", said("path"), said("reason"));
    let hint = "mend the file and sync again; or discard the dead letter";
    Dead { known_by: Some(Box::new(known_by)), ..Dead::new("quarantined", detail, hint) }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
