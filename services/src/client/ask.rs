//! What is asked of the plane is published like everything else: as an event of a type of the
//! plane's own. This file makes such events; who asks is whoever publishes them.

use helmstream_core::command::derived_id;
use serde::Serialize;
use uuid::Uuid;

use super::publish::Request;

/// The source that the command line names.
pub const SOURCE: &str = "/helmstream/cli";

/// An event that asks something. Asked again it is asked anew.
pub fn anew(kind: &str, data: &impl Serialize) -> Request {
    event(kind, Uuid::new_v4(), SOURCE, data)
}

/// An event that asks something. Asked again in the same words it is a repeat.
pub fn once(kind: &str, data: &impl Serialize) -> Request {
    let said = serde_json::to_string(data).unwrap_or_default();
    event(kind, derived_id(&["ask", kind, &said]), SOURCE, data)
}

/// An event that asks something, with an id that whoever asks has chosen.
pub fn event(kind: &str, id: Uuid, source: &str, data: &impl Serialize) -> Request {
    let event = serde_json::json!({
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": kind,
        "datacontenttype": "application/json",
        "data": data,
    });
    Request { event: event.to_string().into_bytes() }
}
