//! Events as they are recorded, read from the log itself and not from the views.

use std::collections::VecDeque;

use futures_util::{Stream, stream};
use helmstream_schemas::{Record, attributes as ce};
use helmstream_stream::{
    append::EVENTS,
    founding,
    read::{self, Reader},
};
use uuid::Uuid;

use super::{
    super::{
        event::{TailRequest, Told, not_this_log, not_yet, place_of},
        failure::{Code, Failure},
    },
    Direct,
    patience::Patience,
};

impl Direct {
    pub(super) fn tailed(
        &self,
        request: TailRequest,
    ) -> impl Stream<Item = Result<Told, Failure>> + Send {
        let watcher = Watcher {
            direct: self,
            request,
            next: None,
            epoch: None,
            reader: None,
            ready: VecDeque::new(),
            patience: self.patience(),
        };
        stream::try_unfold(watcher, |mut watcher| async move {
            let told = watcher.next().await?;
            Ok(Some((told, watcher)))
        })
    }
}

/// Where somebody who watches stands.
struct Watcher<'a> {
    direct: &'a Direct,
    request: TailRequest,
    /// The position that is read next, once it is known.
    next: Option<u64>,
    /// The log that is watched, once it is known.
    epoch: Option<Uuid>,
    reader: Option<Reader>,
    ready: VecDeque<Record>,
    patience: Patience,
}

impl Watcher<'_> {
    async fn next(&mut self) -> Result<Told, Failure> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Ok(Told::of(record));
            }
            match self.read().await {
                Err(failure) if failure.code == Code::Away => {
                    self.reader = None;
                    self.patience.is_away("NATS", &failure.detail).await?;
                }
                read => read?,
            }
        }
    }

    async fn read(&mut self) -> Result<(), Failure> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => {
                let reader = self.begin().await?;
                self.patience.is_back("NATS");
                self.reader.insert(reader)
            }
        };
        let batch = reader.next().await?;
        self.next = Some(batch.read_to + 1);
        let is_wanted = |record: &Record| {
            let (context, aggregate) = place_of(&record.subject);
            let kind = record.attributes.get(ce::TYPE).unwrap_or_default();
            self.request.wants(&context, &aggregate, kind)
        };
        self.ready.extend(batch.records.into_iter().filter(is_wanted));
        Ok(())
    }

    /// Reads from where it stands, if this is still the same log.
    async fn begin(&mut self) -> Result<Reader, Failure> {
        self.request.check()?;
        let log = self.direct.log().await?;
        let epoch = founding::epoch(log).await?;
        let head = read::extent(log, EVENTS).await?.last;
        let next = match (self.next, self.request.from_seq) {
            (Some(next), _) if self.epoch != epoch => {
                return Err(not_this_log(next - 1, "now it has another beginning"));
            }
            (Some(next), _) if next > head + 1 => {
                return Err(not_this_log(next - 1, format!("now it ends at {head}")));
            }
            (Some(next), _) => next,
            (None, Some(from)) if from > head + 1 => return Err(not_yet(from, head)),
            (None, Some(from)) => from.max(1),
            (None, None) => head + 1,
        };
        (self.next, self.epoch) = (Some(next), epoch);
        Ok(read::read(log, EVENTS, next).await?)
    }
}
