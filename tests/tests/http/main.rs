//! The door for HTTP on a whole plane with real servers: who may ask what, publishing in three
//! modes, watching, and what is said while the world is away.

mod about;
mod away;
mod entity_events;
mod expected;
mod mine;
mod published;
mod roles;
mod secrets;
mod sorted;
mod tailed;
mod waiting;
mod watched;

use helmstream_schemas::{ActorKind, access::Role};
use helmstream_stream::{append::EVENTS, read::extent};
use helmstream_tests::{
    harness::TestPlane,
    running::{ALL, Running},
    web::Web,
};
use serde_json::{Value, json};

/// A plane with all its services, and a person who may do everything.
pub(crate) async fn plane() -> (Running, Web) {
    let plane = TestPlane::start_running(&ALL).await;
    let admin = Web::with_role(&plane, "dana", ActorKind::Human, Role::Admin).await;
    (plane, admin)
}

pub(crate) async fn head(plane: &Running) -> u64 {
    extent(&plane.operator, EVENTS).await.expect("the log answers").last
}

pub(crate) fn event(id: &str) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/tests/http", "type": "com.example.measured",
        "datacontenttype": "application/json", "data": { "celsius": 21.5 },
    })
}
