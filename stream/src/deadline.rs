//! Arms deadlines as the server's own message schedules. One schedule for each aggregate and
//! purpose: arming again replaces it. Nothing is cancelled; what fires late meets the state.

use async_nats::HeaderMap;
use helmstream_core::Deadline;
use helmstream_schemas::{Context, Id, Subject};

use crate::{Connection, StreamError, get, publish::store};

/// The stream of schedules and of what they fire.
pub const DEADLINES: &str = "DEADLINES";

const SCHEDULE: &str = "Nats-Schedule";
const SCHEDULE_TARGET: &str = "Nats-Schedule-Target";
const TTL: &str = "Nats-TTL";

/// Arms a deadline; one that has passed already fires at once.
pub async fn arm(
    connection: &Connection,
    context: Context,
    id: &Id,
    deadline: Deadline,
) -> Result<(), StreamError> {
    let purpose = deadline.purpose.to_owned();
    let schedule = Subject::Schedule { context, id: id.clone(), purpose: purpose.clone() };
    let target = Subject::Due { context, id: id.clone(), purpose };
    let mut headers = HeaderMap::new();
    headers.insert(SCHEDULE, format!("@at {}", deadline.at));
    headers.insert(SCHEDULE_TARGET, target.to_string());
    // A schedule must never be taken for an old message: it would be gone without firing.
    headers.insert(TTL, "never");
    store(connection, &schedule.to_string(), headers, Default::default()).await?;
    connection.tally.armed.add();
    Ok(())
}

/// Whether the server has this deadline: its schedule, or what that fired and nobody has taken yet.
pub async fn is_armed(
    connection: &Connection,
    context: Context,
    id: &Id,
    purpose: &str,
) -> Result<bool, StreamError> {
    let purpose = purpose.to_owned();
    let schedule = Subject::Schedule { context, id: id.clone(), purpose: purpose.clone() };
    // In this order: one becomes the other.
    for subject in [schedule, Subject::Due { context, id: id.clone(), purpose }] {
        if get::last(connection, DEADLINES, &subject.to_string()).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
