//! The part of a service that reacts: every event of another context, once and in the order of each
//! aggregate, becomes what it calls for. An event is done with only after every command it gives is
//! stored; done again, it gives the same commands under the same ids.

use std::sync::Arc;

use anyhow::{Context, Result};
use helmstream_core::react::React;
use helmstream_schemas::Context as Of;
use helmstream_stream::{
    StreamError,
    consume::{self, Delivery, Durable},
    crash,
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

/// The durable of a service that reacts to a context.
pub fn durable(service: &str, from: Of) -> Durable {
    Durable { stream: "EVENTS", name: format!("{service}-{from}"), group: None }
}

/// Reacts until it is told to stop. An event that it cannot read is never passed over: it is put back
/// and tried again now and then, until a version runs that can; the others go on meanwhile.
pub async fn react(around: Arc<Surroundings>, durable: Durable, react: React) -> Result<()> {
    let work = around.metrics.work("reacting", &durable.name);
    let lane = |delivery: &Delivery| delivery.record.subject.clone();
    let handle = |delivery: Delivery| {
        let name = ("react", context_of(&delivery.record.subject));
        let entered = around.traces.work_on(&delivery, name, Kind::Consumer);
        let in_log = entered.in_log();
        work.on(ask(&around, delivery, react, entered).instrument(in_log))
    };
    consume::work(&around.connection, &durable, around.stop(), lane, handle)
        .await
        .with_context(|| format!("cannot work off {}", durable.name))
}

/// The context that an event is of, as its subject says.
fn context_of(subject: &str) -> &str {
    subject.split('.').nth(1).unwrap_or_default()
}

async fn ask(
    around: &Surroundings,
    delivery: Delivery,
    react: React,
    entered: Entered,
) -> Result<Delivery, StreamError> {
    let event = &delivery.record;
    let commands = match react(event) {
        Ok(commands) => commands,
        Err(error) => {
            let (subject, sequence) = (&event.subject, event.sequence);
            warn!(subject, sequence, %error, "an event cannot be read, and is put back");
            return Ok(delivery.for_newer());
        }
    };
    let count = commands.len() as u64;
    for command in commands {
        let subject = command.subject().to_string();
        let mut headers = to_headers(&command.attributes);
        hop::carry(&mut headers, entered.onward);
        steadily(&around.stop, "asking for what an event calls for", || {
            store(&around.connection, &subject, headers.clone(), command.payload.clone().into())
        })
        .await?;
    }
    // Most events call for nothing, and nothing is told of that.
    if let Some(mut reacting) = entered.span.filter(|_| count > 0) {
        reacting.number("helmstream.commands", count);
        reacting.end();
    }
    crash::point("reacted");
    Ok(delivery)
}
