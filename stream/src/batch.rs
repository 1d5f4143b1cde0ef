//! Several events stored together or not at all. The exception: on an unreplicated stream the
//! server stages every batch in files of its own, so one costs as much as a dozen single appends.

use async_nats::HeaderMap;
use helmstream_core::NewEvent;
use helmstream_schemas::TraceContext;
use uuid::Uuid;

use crate::{
    Connection, StreamError,
    append::guarded,
    headers::to_headers,
    hop,
    publish::{Published, publish},
};

const BATCH_ID: &str = "Nats-Batch-Id";
const BATCH_SEQUENCE: &str = "Nats-Batch-Sequence";
const BATCH_COMMIT: &str = "Nats-Batch-Commit";

/// Whether a message, as it is stored, is of a batch of which more has to follow.
pub(crate) fn has_more(headers: &HeaderMap) -> bool {
    headers.get(BATCH_ID).is_some() && headers.get(BATCH_COMMIT).is_none()
}

/// Publishes events of one subject as an atomic batch. Only the first carries the guard: the
/// server checks all guards against what was there before the batch.
pub(crate) async fn publish_atomically(
    connection: &Connection,
    events: &[NewEvent],
    revision: u64,
    onward: Option<TraceContext>,
) -> Result<Published, StreamError> {
    let id = Uuid::new_v4().to_string();
    let mut last = Published::Unknown;
    for (index, event) in events.iter().enumerate() {
        let mut headers = match index {
            0 => guarded(event, revision),
            _ => to_headers(&event.attributes),
        };
        hop::carry(&mut headers, onward);
        headers.insert(BATCH_ID, id.as_str());
        headers.insert(BATCH_SEQUENCE, (index + 1).to_string());
        if index + 1 == events.len() {
            headers.insert(BATCH_COMMIT, "1");
        }
        let payload = event.payload.clone().into();
        last = publish(connection, &event.subject.to_string(), headers, payload).await?;
        if !matches!(last, Published::Stored { .. }) {
            break;
        }
    }
    Ok(last)
}
