//! The part of a service that decides: works off the commands of its context, partition by
//! partition, one after the other for each aggregate, and tells whoever waits for the outcome.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use helmstream_core::Decider;
use helmstream_schemas::{
    Context, Subject, attributes as ce,
    outcome::{Outcome, Reply},
};
use helmstream_stream::{
    Connection, StreamError,
    append::EVENTS,
    consume::{self, Delivery, Durable},
    crash,
    decide::Desk,
    hop::{Appending, Went},
    limits::{AGGREGATES_CACHED_BYTES_MAX, RUNS_CACHED_BYTES_MAX},
};
use tokio::task::JoinSet;
use tracing::{Instrument, debug, warn};

use crate::{
    limits::PARTITIONS,
    metrics::Commands,
    patience::steadily,
    surroundings::Surroundings,
    traces::{Entered, Kind, Open},
};

/// The priority group of every pinned consumer.
pub const PINNED: Option<&str> = Some("one");

/// The durables of a context's commands, one for each partition.
pub fn durables(context: Context) -> Vec<Durable> {
    let named = |partition| format!("{context}-{partition}");
    let each = (0..PARTITIONS).map(named);
    each.map(|name| Durable { stream: "COMMANDS", name, group: PINNED }).collect()
}

/// Decides all partitions of a context.
pub async fn decide<D: Decider>(around: Arc<Surroundings>) -> Result<()> {
    let mut partitions = JoinSet::new();
    for durable in durables(D::CONTEXT) {
        let around = around.clone();
        let deciding = async move { decide_partition::<D>(&around, &durable).await };
        partitions.spawn(deciding.in_current_span());
    }
    while let Some(ended) = partitions.join_next().await {
        ended.context("a partition panicked")??;
    }
    Ok(())
}

async fn decide_partition<D: Decider>(around: &Surroundings, durable: &Durable) -> Result<()> {
    let cached_bytes_max = match D::CONTEXT {
        Context::Run => RUNS_CACHED_BYTES_MAX,
        _ => AGGREGATES_CACHED_BYTES_MAX,
    };
    let desk = Desk::<D>::new(around.connection.clone(), cached_bytes_max / PARTITIONS as usize);
    let work = around.metrics.work("deciding", &durable.name);
    let commands = around.metrics.commands(D::CONTEXT);
    let handle = |delivery: Delivery| {
        let name = ("decide", D::CONTEXT.name());
        let entered = around.traces.work_on(&delivery, name, Kind::Consumer);
        let in_log = entered.in_log();
        let settling = settle(around, &desk, &commands, delivery, entered);
        work.on(settling.instrument(in_log))
    };
    consume::work(&around.connection, durable, around.stop(), lane, handle)
        .await
        .with_context(|| format!("cannot work off {}", durable.name))
}

/// Commands of one aggregate share a lane, whatever they ask.
fn lane(delivery: &Delivery) -> String {
    let subject = &delivery.record.subject;
    subject.rsplit_once('.').map_or(subject.as_str(), |(_, id)| id).to_owned()
}

async fn settle<D: Decider>(
    around: &Surroundings,
    desk: &Desk<D>,
    commands: &Commands,
    delivery: Delivery,
    entered: Entered,
) -> Result<Delivery, StreamError> {
    let command = &delivery.record;
    let Ok(Subject::StoredCommand { id, .. }) = command.subject.parse() else {
        return Err(StreamError::Foreign {
            subject: command.subject.clone(),
            sequence: command.sequence,
            detail: "not the subject of a command".into(),
        });
    };
    let append = entered.span.as_ref().map(|span| span.child(("append", EVENTS), Kind::Producer));
    let onward = append.as_ref().map(Open::context).or(entered.onward);
    let appending = onward.map(Appending::new);
    let settling = || desk.settle_on(&id, command, appending.as_ref());
    let outcome = match steadily(&around.stop, "deciding", settling).await {
        // Deciding on a state without what it cannot read would decide wrongly.
        Err(error) if error.is_newer() => {
            warn!(subject = command.subject, sequence = command.sequence, %error, "a command is put back");
            return Ok(delivery.for_newer());
        }
        settled => settled?,
    };
    commands.count(&outcome);
    debug!(
        context = %D::CONTEXT, aggregate = %id, command = command.attributes.get(ce::ID),
        outcome = outcome.word(), "decided"
    );
    if let (Some(mut deciding), Some(append)) = (entered.span, append) {
        if let Some(went) = appending.and_then(|appending| appending.went()) {
            appended(append, &went, &Subject::Event { context: D::CONTEXT, id: id.clone() });
        }
        deciding.outcome(outcome.word());
        if let Outcome::Refused { reason, .. } = &outcome {
            deciding.text("helmstream.reason", reason.as_str());
        }
        deciding.end();
    }
    if let Some(reply_to) = &delivery.reply_to {
        let inbox_sequence = command.attributes.read(ce::INBOXSEQUENCE, "a position");
        if let Ok(inbox_sequence) = inbox_sequence {
            reply(&around.connection, reply_to, Reply { inbox_sequence, outcome }).await;
        }
    }
    Ok(delivery)
}

/// Tells of an append that was not in vain.
fn appended(mut append: Open, went: &Went, subject: &Subject) {
    append.text("messaging.destination.name", EVENTS);
    append.text("helmstream.stream", EVENTS);
    append.text("helmstream.subject", subject.to_string());
    append.number("messaging.batch.message_count", went.events as u64);
    match went.last {
        0 => append.outcome("unanswered"),
        last => {
            append.number("helmstream.sequence", last);
            append.outcome("stored");
        }
    }
    append.end_at(went.began_at, went.ended_at);
}

/// Tells an asker the outcome. A reply can be lost; the outcome is on the log, and can be asked.
pub async fn reply(connection: &Connection, to: &str, reply: Reply) {
    crash::point("before_reply");
    let payload = serde_json::to_vec(&reply).expect("a reply has only texts for keys");
    if connection.client.publish(to.to_owned(), payload.into()).await.is_err() {
        tracing::debug!(to, outcome = reply.outcome.word(), "a reply was not sent");
    }
}
