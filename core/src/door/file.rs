//! A file of a FABER project, as an observer saw it: what it says of a run, of a deployment, or of
//! nothing that has a meaning here; and one that could not be read, which is kept as a dead letter.

use helmstream_schemas::{
    Context, Hash, external::ExternalCommand, limits::DETAIL_BYTES_MAX, run::Removal, words,
};

use super::{
    Arrival, Dead, Wanted,
    cloudevent::{self, CloudEvent},
};

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
    _arrival: &Arrival<'_>,
    known_by: (Hash, Hash),
) -> Result<Wanted, Dead> {
    if event.kind == QUARANTINE {
        return Err(quarantined(event, known_by));
    }
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
