//! The part of a service that tells others what the plane decided: each event as the CDEvents that the
//! core makes of it, published to OUT before the event is acknowledged. Done again after an
//! interruption, it publishes under the same message ids, and OUT stores each of them once for as long
//! as it keeps anything.

use std::sync::Arc;

use anyhow::{Context, Result};
use helmstream_core::cdevents::{OutEvent, cdevents_of};
use helmstream_schemas::Subject;
use helmstream_stream::{
    StreamError,
    consume::{self, Delivery, Durable},
    crash,
    headers::{MESSAGE_ID, to_headers},
    hop,
    publish::store,
};
use tracing::{Instrument, warn};

use crate::{
    clock,
    limits::OUT_AGE_MAX,
    patience::steadily,
    surroundings::Surroundings,
    traces::{Entered, Kind},
};

/// The durable of what is to be told.
pub fn durable() -> Durable {
    Durable { stream: "EVENTS", name: "cdevents".to_owned(), group: None }
}

/// Tells until it is told to stop. An event that it cannot read is put back and tried again now and
/// then, until a version runs that can.
pub async fn tell(around: Arc<Surroundings>) -> Result<()> {
    let durable = durable();
    let work = around.metrics.work("telling", &durable.name);
    let lane = |delivery: &Delivery| delivery.record.subject.clone();
    let handle = |delivery: Delivery| {
        let entered = around.traces.work_on(&delivery, ("tell", "OUT"), Kind::Producer);
        let in_log = entered.in_log();
        work.on(tell_of(&around, delivery, entered).instrument(in_log))
    };
    consume::work(&around.connection, &durable, around.stop(), lane, handle)
        .await
        .context("cannot work off cdevents")
}

async fn tell_of(
    around: &Surroundings,
    delivery: Delivery,
    entered: Entered,
) -> Result<Delivery, StreamError> {
    let event = &delivery.record;
    let age = clock::now().since(event.recorded_at).unwrap_or_default();
    if age > OUT_AGE_MAX {
        return Ok(delivery);
    }
    let told = match cdevents_of(event) {
        Ok(told) => told,
        Err(error) => {
            let (subject, sequence) = (&event.subject, event.sequence);
            warn!(subject, sequence, %error, "an event cannot be read, and is put back");
            return Ok(delivery.for_newer());
        }
    };
    let count = told.len() as u64;
    for OutEvent { kind, attributes, event } in told {
        let subject = Subject::Out { vocabulary: "cdevents".to_owned(), kind }.to_string();
        let mut headers = to_headers(&attributes);
        headers.insert("content-type", attributes.get("datacontenttype").unwrap_or_default());
        headers.insert(MESSAGE_ID, attributes.get("id").unwrap_or_default());
        hop::carry(&mut headers, entered.onward);
        let payload = bytes::Bytes::from(event.to_string());
        steadily(&around.stop, "telling what was decided", || {
            store(&around.connection, &subject, headers.clone(), payload.clone())
        })
        .await?;
    }
    // Of most events nothing is told to others.
    if let Some(mut telling) = entered.span.filter(|_| count > 0) {
        telling.number("helmstream.messages", count);
        telling.end();
    }
    crash::point("told");
    Ok(delivery)
}
