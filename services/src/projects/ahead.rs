//! Reads ahead of what a projector writes, in a task of its own: all that comes while one batch is
//! written is made ready as the next. It knows no database.

use std::time::Duration;

use helmstream_projections::{Projection, limits::BATCH_RECORDS_MAX, projector::Ready};
use helmstream_stream::{
    StreamError,
    limits::{READ_AHEAD_BYTES, READ_BATCH_RECORDS_MAX},
    read::{Batch, Reader},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use crate::{
    limits::QUIET_TOLD_AFTER,
    traces::{Foldable, Traces},
};

/// What is handed to whoever writes, with what is told of it once it is written.
type Handed<P> = Result<(Ready<P>, Vec<Foldable>), StreamError>;

/// A reader that is one batch ahead.
pub(super) struct Ahead<P: Projection> {
    stream: String,
    asks: mpsc::Sender<Ask<P>>,
    /// Ends with this.
    _reading: JoinSet<()>,
}

/// A batch is wanted, and not before it is full or this moment has come.
struct Ask<P: Projection> {
    not_before: Instant,
    answer: oneshot::Sender<Handed<P>>,
}

impl<P: Projection> Ahead<P> {
    pub(super) fn of(stream: &str, reader: Reader) -> Self {
        let (asks, asked) = mpsc::channel(1);
        let mut reading = JoinSet::new();
        reading.spawn(read_ahead(reader, asked));
        Self { stream: stream.to_owned(), asks, _reading: reading }
    }

    /// All that has come since the last one, once there is something and `rest` is over. A full
    /// batch does not wait, and what came after a longer silence neither.
    pub(super) async fn next(&mut self, rest: Duration) -> Handed<P> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask { not_before: Instant::now() + rest, answer };
        let _ = self.asks.send(ask).await;
        // It ends behind an error, and nothing is asked after one: without an answer it panicked.
        let ended =
            || StreamError::Cut { stream: self.stream.clone(), detail: "its reader ended".into() };
        answered.await.unwrap_or_else(|_| Err(ended()))
    }
}

/// Ends behind an error; what was gathered before it is read again.
async fn read_ahead<P: Projection>(mut reader: Reader, mut asked: mpsc::Receiver<Ask<P>>) {
    let mut gathered = Gathered::<P>::nothing();
    let mut ask: Option<Ask<P>> = None;
    loop {
        let due = ask.as_ref().and_then(|ask| gathered.due(ask.not_before));
        tokio::select! {
            biased;
            batch = reader.next(), if gathered.has_room() => match batch {
                Ok(batch) => gathered.add(batch),
                Err(error) => {
                    let waiting = match ask {
                        Some(ask) => Some(ask),
                        None => asked.recv().await,
                    };
                    let _ = waiting.map(|ask| ask.answer.send(Err(error)));
                    return;
                }
            },
            next = asked.recv(), if ask.is_none() => match next {
                Some(next) => ask = Some(next),
                None => return,
            },
            () = until(due), if due.is_some() => {
                if let Some(ask) = ask.take() {
                    let _ = ask.answer.send(Ok(gathered.take()));
                }
            }
        }
    }
}

async fn until(due: Option<Instant>) {
    if let Some(due) = due.filter(|due| *due > Instant::now()) {
        sleep_until(due).await;
    }
}

/// What was read and not handed on yet.
struct Gathered<P: Projection> {
    ready: Ready<P>,
    foldable: Vec<Foldable>,
    /// Of its payloads.
    bytes: usize,
    /// When the first of it came; none if there is nothing.
    since: Option<Instant>,
}

impl<P: Projection> Gathered<P> {
    fn nothing() -> Self {
        Self { ready: Ready::of(Vec::new(), 0), foldable: Vec::new(), bytes: 0, since: None }
    }

    fn add(&mut self, Batch { records, read_to, traced }: Batch) {
        for (sequence, context) in traced {
            let at = records.binary_search_by_key(&sequence, |record| record.sequence);
            let record = at.ok().map(|at| &records[at]);
            self.foldable.extend(record.and_then(|record| Traces::foldable(record, context)));
        }
        self.bytes += records.iter().map(|record| record.payload.len()).sum::<usize>();
        self.ready.append(Ready::of(records, read_to));
        self.since.get_or_insert_with(Instant::now);
    }

    /// Whether all that the reader hands on next fits in.
    fn has_room(&self) -> bool {
        self.ready.len() + READ_BATCH_RECORDS_MAX <= BATCH_RECORDS_MAX
            && self.bytes < READ_AHEAD_BYTES
    }

    /// When it is to be handed on: never while there is nothing, and at once if it is full. That
    /// only the position moved is told late.
    fn due(&self, not_before: Instant) -> Option<Instant> {
        let since = self.since?;
        Some(match self.ready.is_empty() {
            true => since + QUIET_TOLD_AFTER,
            false if self.has_room() => not_before,
            false => since,
        })
    }

    fn take(&mut self) -> (Ready<P>, Vec<Foldable>) {
        let taken = std::mem::replace(self, Self::nothing());
        (taken.ready, taken.foldable)
    }
}

#[cfg(test)]
mod tests {
    use helmstream_projections::Run;

    use super::*;
    use crate::patience::Passing;

    #[tokio::test]
    async fn a_reader_that_panicked_is_an_error_that_is_tried_again() {
        let (asks, asked) = mpsc::channel(1);
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            let _asked = asked;
            panic!("as a reader with a fault would");
        });
        let mut ahead = Ahead::<Run> { stream: "EVENTS".into(), asks, _reading: reading };
        let ended = ahead.next(Duration::ZERO).await.err().expect("nothing was read");
        assert!(ended.may_pass() && ended.to_string().contains("EVENTS"), "{ended}");
    }
}
