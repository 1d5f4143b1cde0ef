//! What is asked of the plane is published like everything else: as an event of a type of the
//! plane's own. This file makes such events; who asks is whoever publishes them.

use helmstream_core::command::derived_id;
use helmstream_schemas::{Expected, attributes::EXPECTEDREVISION};
use serde::Serialize;
use uuid::Uuid;

use super::publish::Request;

/// The source that the command line names.
pub const SOURCE: &str = "/helmstream/cli";

/// An event that asks something. Asked again it is asked anew.
pub fn anew(kind: &str, data: &impl Serialize) -> Request {
    anew_if(kind, data, None)
}

/// The same, if what it is about is as it is expected.
pub fn anew_if(kind: &str, data: &impl Serialize, expected: Option<&Expected>) -> Request {
    event(kind, Uuid::new_v4(), SOURCE, data, expected)
}

/// An event that asks something. Asked again in the same words it is a repeat.
pub fn once(kind: &str, data: &impl Serialize) -> Request {
    let said = serde_json::to_string(data).unwrap_or_default();
    event(kind, derived_id(&["ask", kind, &said]), SOURCE, data, None)
}

/// An event that asks something, with an id that whoever asks has chosen.
pub fn event(
    kind: &str,
    id: Uuid,
    source: &str,
    data: &impl Serialize,
    expected: Option<&Expected>,
) -> Request {
    let mut event = serde_json::json!({
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": kind,
        "datacontenttype": "application/json",
        "data": data,
    });
    if let Some(expected) = expected {
        event[EXPECTEDREVISION] = expected.to_string().into();
    }
    Request::new(event.to_string().into_bytes())
}
