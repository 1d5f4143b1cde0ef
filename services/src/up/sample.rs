//! The sample run: a guarded run that went on past its gate before it was answered, retried a
//! test, and dated one step into the future. Its times are moved so that it ended just now.

use anyhow::{Context, Result};
use helmstream_core::command::{derived_id, event_id};
use helmstream_schemas::{Hash, Timestamp};
use helmstream_stream::{connect, publish::store};
use serde_json::Value;
use uuid::Uuid;

use crate::{clock, local::plane::Plane};

/// The run's own name.
pub(super) const RUN: &str = "acme/shop/7d4a1c52-0b8e-4f6a-9c3d-2e5f8a1b6c90";

const EVENTS: &str = include_str!("sample.ndjson");
/// When the run ended, in the file.
const ENDED: &str = "2026-02-03T09:10:00.000Z";

/// Id of the event that says that the run went on past its gate. Ids are derived, so it is the same
/// on every plane.
pub(super) fn bypass_id() -> Uuid {
    let key = Hash::of_parts(&["faber", "/acme/shop/faber", "acme-shop-142-024"]);
    event_id(derived_id(&["door", &key.to_string()]), 1)
}

/// Publishes the sample as the user `faber`.
pub(super) async fn publish(plane: &Plane) -> Result<()> {
    let connection = connect(&plane.address("faber")).await?;
    let now = clock::now();
    for line in EVENTS.lines() {
        let event = moved(line, now)?;
        store(&connection, "in.faber", Default::default(), event.to_string().into_bytes().into())
            .await?;
    }
    Ok(())
}

/// An event of the sample, its times moved so that the run ended at `now`.
fn moved(line: &str, now: Timestamp) -> Result<Value> {
    let mut event: Value = serde_json::from_str(line).context("cannot read the sample")?;
    let ended = Timestamp::parse(ENDED)?;
    for pointer in ["/time", "/data/timestamp"] {
        if let Some(Value::String(text)) = event.pointer_mut(pointer) {
            let nanos = Timestamp::parse(text)?.nanos() - ended.nanos() + now.nanos();
            *text = Timestamp::from_nanos(nanos - nanos % 1_000_000).to_string();
        }
    }
    Ok(event)
}

#[cfg(test)]
mod tests {
    use helmstream_core::door::{Admission, Arrival, Cleaner, Headers, admit};
    use helmstream_schemas::ActorKind;

    use super::*;

    #[test]
    fn the_door_takes_every_event_of_the_sample() {
        let now = Timestamp::parse("2026-05-01T12:00:00Z").unwrap();
        for line in EVENTS.lines() {
            let event = moved(line, now).unwrap().to_string();
            let arrival = Arrival {
                publisher: "faber",
                actor: "faber",
                actor_kind: ActorKind::Service,
                inbox_sequence: 1,
                received_at: now,
                cause: None,
                headers: &Headers::default(),
                payload: event.as_bytes(),
            };
            let admission = admit(&arrival, &Cleaner::new(b"key"));
            assert!(matches!(admission, Admission::Command(_)), "{admission:?}");
        }
    }
}
