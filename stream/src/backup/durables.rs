//! Where durables stand, noted before anything of a backup is taken, and made again at that place. What
//! they had done is then in the backup; what they do again comes to the same, because everything they
//! store has an id that is derived from what they read.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    Connection, StreamError,
    api::ask,
    setup::{consumer_requests, names_of},
};

/// Where a durable stands: everything up to here is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Floor {
    pub stream: String,
    pub durable: String,
    pub ack_floor: u64,
}

/// Where every durable stands by now.
pub async fn floors(connection: &Connection) -> Result<Vec<Floor>, StreamError> {
    let mut floors = Vec::new();
    for request in consumer_requests()? {
        let (stream, durable) = names_of(&request);
        let subject = format!("$JS.API.CONSUMER.INFO.{stream}.{durable}");
        let found = ask(connection, &subject, "").await?;
        if let Some(found) = found {
            let ack_floor = found["ack_floor"]["stream_seq"].as_u64().unwrap_or_default();
            floors.push(Floor { stream, durable, ack_floor });
        }
    }
    Ok(floors)
}

/// Makes every durable on `replicas` servers, each to go on behind where it stood. One that the backup
/// does not know begins where its file says.
pub async fn put_back(
    connection: &Connection,
    floors: &[Floor],
    replicas: usize,
) -> Result<(), StreamError> {
    for mut request in consumer_requests()? {
        request["config"]["num_replicas"] = replicas.into();
        let (stream, durable) = names_of(&request);
        let floor = floors.iter().find(|at| at.stream == stream && at.durable == durable);
        if let Some(floor) = floor.filter(|_| remembers(&stream)) {
            request["config"]["deliver_policy"] = json!("by_start_sequence");
            request["config"]["opt_start_seq"] = json!(floor.ack_floor + 1);
        }
        let subject = format!("$JS.API.CONSUMER.DURABLE.CREATE.{stream}.{durable}");
        let body = request.to_string();
        ask(connection, &subject, body).await?;
    }
    Ok(())
}

/// Whether a stream keeps what was worked off. One that does not holds what is still to be done, and
/// its durable begins at the start of that.
fn remembers(stream: &str) -> bool {
    !matches!(stream, "INBOX" | "DEADLINES")
}
