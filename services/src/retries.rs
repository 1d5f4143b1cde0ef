//! The part of a service that publishes dead letters again: for each event that asks for it, once
//! and in the order of each dead letter. Commit, then act, then acknowledge; what is published twice
//! because it was interrupted names the same event, and the door tells the second as a repeat.

use std::sync::Arc;

use anyhow::{Context, Result};
use helmstream_core::door::{RETRIER, again};
use helmstream_schemas::{Record, Subject, dead_letter::DeadLetterEvent, refusal::COMMAND_REFUSED};
use helmstream_stream::{
    StreamError,
    consume::{self, Delivery, Durable},
    crash, get,
    headers::to_headers,
    hop,
    publish::store,
};

use tracing::{Instrument, warn};

use crate::{
    patience::steadily,
    surroundings::Surroundings,
    traces::{Entered, Kind},
};

/// The stream that keeps dead letters whole.
const DEADLETTERS: &str = "DEADLETTERS";

/// The durable of what is to be published again.
pub fn durable() -> Durable {
    Durable { stream: "EVENTS", name: "dead_letter-dead_letter".to_owned(), group: None }
}

/// Publishes again until it is told to stop or meets an event that nobody can read. One that only a
/// newer version can read is put back for that.
pub async fn retry(around: Arc<Surroundings>) -> Result<()> {
    let durable = durable();
    let work = around.metrics.work("retrying", &durable.name);
    let lane = |delivery: &Delivery| delivery.record.subject.clone();
    let handle = |delivery: Delivery| {
        let entered = around.traces.work_on(&delivery, ("retry", "INBOX"), Kind::Producer);
        let in_log = entered.in_log();
        work.on(publish_again(&around, delivery, entered).instrument(in_log))
    };
    consume::work(&around.connection, &durable, around.stop(), lane, handle)
        .await
        .with_context(|| format!("cannot work off {}", durable.name))
}

async fn publish_again(
    around: &Surroundings,
    delivery: Delivery,
    entered: Entered,
) -> Result<Delivery, StreamError> {
    let event = &delivery.record;
    let foreign = |detail: String| StreamError::Foreign {
        subject: event.subject.clone(),
        sequence: event.sequence,
        detail,
    };
    let kind = event.attributes.kind().map_err(|error| foreign(error.to_string()))?;
    if kind.name == COMMAND_REFUSED {
        return Ok(delivery);
    }
    let retried = match get::word(event) {
        Ok(DeadLetterEvent::Retried(retried)) => retried,
        Ok(_) => return Ok(delivery),
        Err(error) if error.is_newer() => {
            warn!(subject = event.subject, sequence = event.sequence, %error, "an event is put back");
            return Ok(delivery.for_newer());
        }
        Err(error) => return Err(error),
    };
    let cause = event.attributes.uuid().map_err(|error| foreign(error.to_string()))?;
    let Ok(Subject::Event { id, .. }) = event.subject.parse() else {
        return Err(foreign("not the subject of an event".into()));
    };
    let connection = &around.connection;
    let found: Option<Record> = steadily(&around.stop, "looking for a dead letter", || {
        get::at(connection, DEADLETTERS, retried.dead_sequence)
    })
    .await?;
    let again = again(&id, cause, &retried, found.as_ref());
    let subject = Subject::In { publisher: RETRIER.to_owned() }.to_string();
    let (mut headers, payload) = (to_headers(&again.attributes), bytes::Bytes::from(again.payload));
    hop::carry(&mut headers, entered.onward);
    steadily(&around.stop, "publishing a dead letter again", || {
        store(connection, &subject, headers.clone(), payload.clone())
    })
    .await?;
    if let Some(retrying) = entered.span {
        retrying.end();
    }
    crash::point("published_again");
    Ok(delivery)
}
