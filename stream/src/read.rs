//! Reads a stream in order from a position on, for those who keep their own position: projectors
//! and replays. No state is left at the server.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures_util::{StreamExt, stream::ReadyChunks};
use helmstream_schemas::{Record, Timestamp, TraceContext};

use crate::{
    Connection, StreamError,
    headers::{timestamp, to_attributes},
    hop, limits,
};

/// A reader at a position of a stream.
pub struct Reader {
    stream: String,
    chunks: ReadyChunks<pull::Stream>,
    /// How many messages came, as its consumer at the server counts them.
    delivered: u64,
    /// Subjects, wildcards included; none are all.
    only: Vec<String>,
    /// Whether it says which records are of a trace.
    traces: bool,
}

/// Records that were read, and how far.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pub records: Vec<Record>,
    /// Everything up to here was read. What is not among the records is of no interest.
    pub read_to: u64,
    /// Of records that belong to a sampled trace, their position and what they carry; nothing unless
    /// the reader was asked for it.
    pub traced: Vec<(u64, TraceContext)>,
}

/// The state of a stream as the server tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    pub first: u64,
    pub last: u64,
    pub messages: u64,
    /// When the oldest message was stored; meaningless if there is none.
    pub oldest_at: Timestamp,
    /// Servers that each hold the whole stream.
    pub replicas: usize,
}

/// Begins to read at position `from` (1: from the start).
pub async fn read(connection: &Connection, stream: &str, from: u64) -> Result<Reader, StreamError> {
    let cut = |error: String| StreamError::Cut { stream: stream.to_owned(), detail: error };
    let config = pull::Config {
        deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from.max(1) },
        ack_policy: AckPolicy::None,
        max_deliver: 1,
        memory_storage: true,
        num_replicas: 1,
        inactive_threshold: Duration::from_secs(limits::READ_IDLE_SECONDS_MAX),
        ..Default::default()
    };
    let found = connection.jetstream.get_stream_no_info(stream).await;
    let found = found.map_err(|error| cut(error.to_string()))?;
    let consumer = found.create_consumer(config).await.map_err(|error| cut(error.to_string()))?;
    let messages = consumer
        .stream()
        .max_messages_per_batch(limits::READ_AHEAD_RECORDS)
        .max_bytes_per_batch(limits::READ_AHEAD_BYTES)
        .heartbeat(Duration::from_secs(limits::READ_HEARTBEAT_SECONDS))
        .messages()
        .await
        .map_err(|error| cut(error.to_string()))?;
    let chunks = messages.ready_chunks(limits::READ_BATCH_RECORDS_MAX);
    Ok(Reader { stream: stream.to_owned(), chunks, delivered: 0, only: Vec::new(), traces: false })
}

/// How far the stream reaches now.
pub async fn extent(connection: &Connection, stream: &str) -> Result<Extent, StreamError> {
    let info = connection.jetstream.get_stream(stream).await.map_err(|error| StreamError::Cut {
        stream: stream.to_owned(),
        detail: error.to_string(),
    })?;
    let info = info.cached_info();
    let state = &info.state;
    Ok(Extent {
        first: state.first_sequence,
        last: state.last_sequence,
        messages: state.messages,
        oldest_at: timestamp(state.first_timestamp),
        replicas: info.config.num_replicas,
    })
}

impl Reader {
    /// Hands on only records of these subjects, wildcards included; without any, all.
    pub fn only(self, subjects: &[&str]) -> Self {
        Self { only: subjects.iter().map(|&subject| subject.to_owned()).collect(), ..self }
    }

    /// Says with the records which of them are of a trace, if that is wanted.
    pub fn with_traces(self, traces: bool) -> Self {
        Self { traces, ..self }
    }

    /// The next records, in order: waits for the first and takes along what is there already,
    /// `READ_BATCH_RECORDS_MAX` at most. It ends where a message was lost on the way and where its
    /// consumer is gone: with that may have gone the stream, and what follows be of another. So
    /// whoever reads on looks first whether it is still the same log.
    pub async fn next(&mut self) -> Result<Batch, StreamError> {
        let chunk = self.chunks.next().await.ok_or_else(|| self.cut("the reader ended"))?;
        let records = Vec::with_capacity(chunk.len());
        let mut batch = Batch { records, ..Batch::default() };
        for message in chunk {
            let message = message.map_err(|error| self.cut(&error.to_string()))?;
            let info = message.info().map_err(|error| self.cut(&error.to_string()))?;
            self.delivered += 1;
            if info.consumer_sequence != self.delivered {
                return Err(self.cut("a message was lost on the way"));
            }
            batch.read_to = info.stream_sequence;
            if !self.is_wanted(&message.subject) {
                continue;
            }
            let (sequence, recorded_at) = (info.stream_sequence, timestamp(info.published));
            let attributes = message.headers.as_ref().map(to_attributes).unwrap_or_default();
            if self.traces
                && let Some(carried) = hop::carried(message.headers.as_ref(), &attributes)
                && carried.context.is_sampled
            {
                batch.traced.push((sequence, carried.context));
            }
            batch.records.push(Record {
                stream: self.stream.clone(),
                subject: message.subject.to_string(),
                sequence,
                recorded_at,
                attributes,
                payload: message.message.payload.into(),
            });
        }
        Ok(batch)
    }

    fn is_wanted(&self, subject: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| covers(only, subject))
    }

    fn cut(&self, detail: &str) -> StreamError {
        StreamError::Cut { stream: self.stream.clone(), detail: detail.to_owned() }
    }
}

/// Whether a subject with wildcards covers another: `*` one token, `>` the rest.
fn covers(pattern: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in pattern.split('.') {
        match (wanted, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(token)) if wanted == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn wildcards_cover_what_nats_says_they_do() {
        for (pattern, subject) in
            [("evt.run.*", "evt.run.a"), ("evt.>", "evt.run.a"), ("evt.run.a", "evt.run.a")]
        {
            assert!(covers(pattern, subject), "{pattern} {subject}");
        }
        for (pattern, subject) in [
            ("evt.run.*", "evt.run"),
            ("evt.run.*", "evt.run.a.b"),
            ("evt.>", "evt"),
            ("evt.run", "evt.ru"),
        ] {
            assert!(!covers(pattern, subject), "{pattern} {subject}");
        }
    }
}
