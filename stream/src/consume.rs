//! Works off a durable consumer: every message is handled to its end and acknowledged after that.
//! Messages of one lane one after the other, lanes side by side. Durables are created by `setup`
//! alone; who is pinned to a partition is the server's affair.

use std::{pin::pin, sync::Arc, time::Duration};

use async_nats::HeaderMap;
use async_nats::jetstream::{
    self, AckKind,
    consumer::{PullConsumer, pull},
};
use futures_util::{FutureExt, StreamExt, stream::ReadyChunks};
use helmstream_schemas::{Record, Verdict};
use tokio::sync::watch;
use tracing::{info, warn};

use self::{aside::Aside, hand::Hand};
use crate::{
    Connection, StreamError,
    headers::{REPLY_TO, timestamp, to_attributes},
    hop::{self, Carried},
    limits,
    tally::Tally,
};

mod aside;
mod hand;
pub mod unheard;

/// A message on its way: what is stored, and what only the delivery knows.
pub struct Delivery {
    pub record: Record,
    /// Where an asker waits for the outcome.
    pub reply_to: Option<String>,
    /// Which schedule fired it, if one did.
    pub scheduler: Option<String>,
    /// It was delivered before, and what came of that is not known here.
    pub again: bool,
    /// Set if its headers cannot be read: then they stand before the payload, and none of them
    /// counts.
    pub unheard: Option<unheard::Unheard>,
    /// How often it was delivered, this time included.
    deliveries: u64,
    /// It could not be handled yet, and comes again after this.
    later: Option<Duration>,
    /// Only a newer version can handle it.
    is_for_newer: bool,
    message: jetstream::Message,
}

/// Which durable to work off, and how.
#[derive(Debug, Clone)]
pub struct Durable {
    pub stream: &'static str,
    pub name: String,
    /// The priority group of a pinned consumer.
    pub group: Option<&'static str>,
}

/// Handles messages until `stop` turns true or something goes wrong that waiting does not mend. Told to
/// stop, it finishes what it has begun, for a while, and gives back the rest for others to take at once.
/// `lane` says which messages must not overtake each other.
pub async fn work<L, H, F>(
    connection: &Connection,
    durable: &Durable,
    mut stop: watch::Receiver<bool>,
    lane: L,
    handle: H,
) -> Result<(), StreamError>
where
    L: Fn(&Delivery) -> String,
    H: Fn(Delivery) -> F,
    F: Future<Output = Result<Delivery, StreamError>>,
{
    let (mut attempt, mut aside) = (0, Aside::default());
    loop {
        match work_off(connection, durable, &mut stop, &lane, &handle, &mut attempt, &mut aside)
            .await
        {
            Ok(Ended::Stopped) => return Ok(()),
            Ok(Ended::Aside) => {
                if !aside.stand(connection, durable, &mut stop).await {
                    return Ok(());
                }
            }
            Err(error) if error.verdict() != Verdict::Retry => return Err(error),
            Err(error) => {
                if attempt == 0 {
                    warn!(durable = durable.name, cause = %error, "waiting, then going on from what is not acknowledged");
                }
                attempt += 1;
                tokio::time::sleep(limits::reconnect_delay(attempt)).await;
            }
        }
    }
}

impl Delivery {
    /// The same, to be put back and to come again after a pause.
    pub fn later(mut self, pause: Duration) -> Self {
        self.later = Some(pause);
        self
    }

    /// The same, to be put back for an instance of a newer version, which alone can handle it. Of a
    /// pinned durable this instance then leaves the partition to others, if others wait for it.
    pub fn for_newer(self) -> Self {
        let pause = limits::newer_again_after(self.deliveries);
        Self { is_for_newer: true, ..self.later(pause) }
    }

    /// All headers as they were sent, whoever sent them. A name may stand there several times.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let named = self.message.headers.iter().flat_map(HeaderMap::iter);
        named.flat_map(|(name, values)| {
            values.iter().map(move |value| (name.as_ref(), value.as_str()))
        })
    }

    /// The trace that it carries.
    pub fn carried(&self) -> Option<Carried> {
        hop::carried(self.message.headers.as_ref(), &self.record.attributes)
    }

    /// Acknowledges: the message is gone from the consumer for good, unless it is to come again.
    pub async fn acknowledge(&self) -> Result<(), StreamError> {
        let kind = self.later.map_or(AckKind::Ack, |pause| AckKind::Nak(Some(pause)));
        self.message.ack_with(kind).await.map_err(|error| StreamError::Cut {
            stream: self.record.stream.clone(),
            detail: format!("cannot acknowledge {}: {error}", self.record.sequence),
        })
    }
}

/// Batches of a durable's messages, for those who handle many at once.
pub struct Batches {
    durable: Durable,
    chunks: ReadyChunks<pull::Stream>,
    through: jetstream::Context,
    tally: Arc<Tally>,
}

/// Begins to pull batches of at most `batch_messages_max`. They are acknowledged through another
/// connection, which goes on where a message ends the one that reads it.
pub async fn batches(
    reading: &Connection,
    acknowledging: &Connection,
    durable: &Durable,
    batch_messages_max: usize,
) -> Result<Batches, StreamError> {
    let chunks = pull(reading, durable).await?.ready_chunks(batch_messages_max);
    let (through, tally) = (acknowledging.jetstream.clone(), reading.tally.clone());
    Ok(Batches { durable: durable.clone(), chunks, through, tally })
}

impl Batches {
    /// What is there already, without waiting; `None` if nothing is.
    pub fn ready(&mut self) -> Option<Result<Vec<Delivery>, StreamError>> {
        self.next().now_or_never()
    }

    /// Waits for a message and takes along what is there already.
    pub async fn next(&mut self) -> Result<Vec<Delivery>, StreamError> {
        let chunk = self.chunks.next().await.ok_or_else(|| cut(&self.durable, "the pull ended"))?;
        let each = chunk.into_iter().map(|message| {
            let mut message = message.map_err(|error| cut(&self.durable, &error.to_string()))?;
            message.context = self.through.clone();
            delivery(&self.durable, message, &self.tally)
        });
        each.collect()
    }
}

/// Why nothing is in hand any more.
enum Ended {
    /// It was told to stop.
    Stopped,
    /// This instance is to leave the partition to others.
    Aside,
}

/// Works until the pull breaks or a handler fails; what is not acknowledged comes again. It ends well with
/// nothing in hand.
async fn work_off<L, H, F>(
    connection: &Connection,
    durable: &Durable,
    stop: &mut watch::Receiver<bool>,
    lane: &L,
    handle: &H,
    attempt: &mut usize,
    aside: &mut Aside,
) -> Result<Ended, StreamError>
where
    L: Fn(&Delivery) -> String,
    H: Fn(Delivery) -> F,
    F: Future<Output = Result<Delivery, StreamError>>,
{
    let mut told = pin!(stop.wait_for(|stop| *stop).map(drop));
    let mut messages = tokio::select! {
        biased;
        () = &mut told => return Ok(Ended::Stopped),
        messages = pull(connection, durable) => Some(messages?),
    };
    let mut hand = Hand::new(lane, handle);
    while messages.is_some() || !hand.is_empty() {
        tokio::select! {
            biased;
            () = &mut told => {
                hand.end(connection, durable, messages).await?;
                return Ok(Ended::Stopped);
            }
            (name, handled) = hand.handled() => {
                let handled = handled?;
                handled.acknowledge().await?;
                if handled.is_for_newer && aside.is_due(durable) && let Some(left) = messages.take() {
                    let left = in_hand(left, durable, &connection.tally)?;
                    left.into_iter().for_each(|delivery| hand.take(delivery));
                }
                hand.go_on(name);
            }
            message = next(&mut messages), if messages.is_some() => {
                let message = message.ok_or_else(|| cut(durable, "the pull ended"))?;
                let message = message.map_err(|error| cut(durable, &error.to_string()))?;
                if std::mem::take(attempt) > 0 {
                    info!(durable = durable.name, "going on");
                }
                hand.take(delivery(durable, message, &connection.tally)?);
            }
        }
    }
    Ok(Ended::Aside)
}

/// What a pull that is given up has brought already; what is lost with it comes again.
fn in_hand(
    mut left: pull::Stream,
    durable: &Durable,
    tally: &Tally,
) -> Result<Vec<Delivery>, StreamError> {
    let mut all = Vec::new();
    while let Some(Some(Ok(message))) = left.next().now_or_never() {
        all.push(delivery(durable, message, tally)?);
    }
    Ok(all)
}

async fn next(
    messages: &mut Option<pull::Stream>,
) -> Option<Result<jetstream::Message, pull::MessagesError>> {
    match messages {
        Some(messages) => messages.next().await,
        None => None,
    }
}

/// A durable, as the server has it now.
async fn found(connection: &Connection, durable: &Durable) -> Result<PullConsumer, StreamError> {
    let cannot = |detail: String| cut(durable, &detail);
    let stream = connection.jetstream.get_stream_no_info(durable.stream).await;
    let stream = stream.map_err(|error| cannot(error.to_string()))?;
    stream.get_consumer(&durable.name).await.map_err(|error| cannot(error.to_string()))
}

async fn pull(connection: &Connection, durable: &Durable) -> Result<pull::Stream, StreamError> {
    let consumer = found(connection, durable).await?;
    let mut builder = consumer
        .stream()
        .max_messages_per_batch(limits::PULL_AHEAD_MESSAGES)
        .expires(Duration::from_secs(limits::PULL_EXPIRES_SECONDS))
        .heartbeat(Duration::from_secs(limits::PULL_HEARTBEAT_SECONDS));
    if let Some(group) = durable.group {
        builder = builder.group(group);
    }
    builder.messages().await.map_err(|error| cut(durable, &error.to_string()))
}

/// How many messages a durable has still to bring to their end: those that wait, and those that are
/// out and not acknowledged.
pub async fn lag(connection: &Connection, durable: &Durable) -> Result<u64, StreamError> {
    let consumer = found(connection, durable).await?;
    let info = consumer.cached_info();
    Ok(info.num_pending + info.num_ack_pending as u64)
}

fn delivery(
    durable: &Durable,
    message: jetstream::Message,
    tally: &Tally,
) -> Result<Delivery, StreamError> {
    let info = message.info().map_err(|error| cut(durable, &error.to_string()))?;
    let (sequence, delivered) = (info.stream_sequence, info.delivered);
    if delivered > 1 {
        tally.redelivered.add();
    }
    let recorded_at = timestamp(info.published);
    let headers = message.headers.as_ref();
    let text = |name: &str| headers?.get(name).map(|value| value.as_str().to_owned());
    let record = Record {
        stream: durable.stream.to_owned(),
        subject: message.subject.to_string(),
        sequence,
        recorded_at,
        attributes: headers.map(to_attributes).unwrap_or_default(),
        payload: message.payload.to_vec(),
    };
    let (reply_to, scheduler) = (text(REPLY_TO), text(helmstream_core::due::SCHEDULER_HEADER));
    let (again, deliveries) = (delivered > 1, u64::try_from(delivered).unwrap_or_default());
    let (unheard, later, is_for_newer) = (None, None, false);
    let delivery = Delivery {
        record,
        reply_to,
        scheduler,
        again,
        unheard,
        deliveries,
        later,
        is_for_newer,
        message,
    };
    Ok(delivery)
}

fn cut(durable: &Durable, detail: &str) -> StreamError {
    StreamError::Cut {
        stream: durable.stream.to_owned(),
        detail: format!("{}: {detail}", durable.name),
    }
}
