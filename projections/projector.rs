//! Applies a projection's records, each batch in one transaction with the move of its checkpoint.
//! The checkpoint is moved by compare-and-set from exactly where this instance left it, under the
//! term it took at `open`: of two instances one wins, and nothing is applied twice or skipped.
//! It does not read the log; whoever does hands it the records in order.

mod fence;
mod parked;
mod ready;

use std::collections::BTreeSet;

use helmstream_schemas::{Hash, Record};
use uuid::Uuid;

use crate::{
    database::{Database, Lent},
    edition,
    error::ProjectionError,
    keyed::base::{save_between, up_to_next_base},
    limits::{
        BASE_EVERY_EVENTS, BATCH_RECORDS_MAX, BUILD_RECORDS_MAX, IDLE_TRANSACTION_SECONDS_MAX,
        PROJECT_TIMEOUT_SECONDS,
    },
    parking,
    position::{Checkpoint, Diverged},
    projection::Projection,
    session::Session,
};

pub use self::ready::Ready;
use self::ready::{Taken, read_all};

/// One instance of a projection on one stream.
pub struct Projector<P: Projection> {
    database: Database,
    at: Checkpoint,
    /// Whether `at` is what the database holds; not so after an error.
    is_known: bool,
    /// Whether the view has parked anything.
    parks: bool,
    kept: P::Kept,
    /// Events between two bases.
    base_every: u64,
    batch_records_max: usize,
}

/// What came of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// Records that were folded.
    pub folded: usize,
    /// Records that were parked.
    pub parked: usize,
    /// Records that had been applied before.
    pub passed_over: usize,
}

impl<P: Projection> Projector<P> {
    /// Takes the first edition of the view over, as `open_edition` does.
    pub async fn open(
        database: &Database,
        stream: &str,
        owner: Uuid,
        epoch: Uuid,
    ) -> Result<Self, ProjectionError> {
        let first = edition::schema(P::NAME, P::VERSION, 1);
        Self::open_edition(database, &first, stream, owner, epoch).await
    }

    /// Takes an edition of the view over: whichever instance had it is fenced at its next batch.
    /// `owner` tells instances apart, `epoch` is the log's own.
    pub async fn open_edition(
        database: &Database,
        edition: &str,
        stream: &str,
        owner: Uuid,
        epoch: Uuid,
    ) -> Result<Self, ProjectionError> {
        let mut projector = Self {
            database: database.separate(&settings::<P>(edition)),
            at: Checkpoint {
                projection: P::NAME,
                version: P::VERSION,
                stream: stream.to_owned(),
                applied_seq: 0,
                applied_hash: None,
                read_to_seq: 0,
                owner,
                term: 0,
                epoch,
            },
            is_known: false,
            parks: true,
            kept: P::Kept::default(),
            base_every: BASE_EVERY_EVENTS,
            batch_records_max: BATCH_RECORDS_MAX,
        };
        projector.take_over().await?;
        Ok(projector)
    }

    /// The same with another number of events between two bases. Where they lie changes no answer,
    /// only how long one takes.
    pub fn with_base_every(self, events: u64) -> Self {
        Self { base_every: events.max(1), ..self }
    }

    /// The same for a view that nobody reads before it stands where it is to stand: without bases
    /// of its own, and in large batches.
    pub(crate) fn unread(self) -> Self {
        Self { base_every: u64::MAX, batch_records_max: BUILD_RECORDS_MAX, ..self }
    }

    /// Where the view stands.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.at
    }

    /// Whether the edition holds parked records.
    pub fn parks(&self) -> bool {
        self.parks
    }

    /// Where to read on.
    pub fn next_seq(&self) -> u64 {
        self.at.next_seq()
    }

    /// Compares the view's position with the log: its epoch, the position of its last record, and
    /// the record that it holds at `checkpoint().applied_seq`, if it holds one.
    pub fn verify(
        &self,
        epoch: Uuid,
        head_seq: u64,
        at_applied: Option<&Record>,
    ) -> Result<(), Diverged> {
        self.at.verify(epoch, head_seq, at_applied)
    }

    /// Finds out where the view stands after an error, and so where to read on. Until it was
    /// asked, nothing is applied: what an interrupted commit came to is not known, and a database
    /// that crashed may stand further back than it did.
    pub async fn resume(&mut self) -> Result<u64, ProjectionError> {
        // A batch that was given up half-way may have left what was never committed.
        self.kept = P::Kept::default();
        let mut session = self.database.lend().await?;
        self.see(&mut session).await?;
        session.give_back();
        self.is_known = true;
        Ok(self.next_seq())
    }

    /// How far the view was read by whoever owns it now; for an instance that was fenced and
    /// stands by.
    pub async fn owners_read_to(&self) -> Result<u64, ProjectionError> {
        let mut session = self.database.lend().await?;
        let held = fence::see(&mut session, &self.at).await?;
        session.give_back();
        Ok(held.map_or(0, |held| held.read_to_seq))
    }

    /// Applies records in the order of their stream. What was applied before is passed over.
    /// After an error, `resume` and read again from there.
    pub async fn apply(&mut self, records: &[Record]) -> Result<Applied, ProjectionError> {
        self.apply_to(records, records.last().map_or(0, |last| last.sequence)).await
    }

    /// The same, and says with it that everything up to `read_to` was read: what lies behind the
    /// last of the records holds nothing for this view.
    pub async fn apply_to(
        &mut self,
        records: &[Record],
        read_to: u64,
    ) -> Result<Applied, ProjectionError> {
        self.apply_taken(records, read_all::<P>(records), read_to).await
    }

    /// The same for what was made ready while something else was written.
    pub async fn apply_ready(&mut self, ready: Ready<P>) -> Result<Applied, ProjectionError> {
        self.apply_taken(&ready.records, ready.taken, ready.read_to).await
    }

    async fn apply_taken(
        &mut self,
        records: &[Record],
        taken: Vec<Taken<P>>,
        read_to: u64,
    ) -> Result<Applied, ProjectionError> {
        self.known()?;
        let fresh = self.at.fresh(P::READS, records).map_err(|(wanted, found)| {
            ProjectionError::OutOfOrder { view: self.at.view(), wanted, found }
        })?;
        let mut applied =
            Applied { passed_over: records.len() - fresh.len(), ..Applied::default() };
        let mut taken = taken.into_iter().skip(applied.passed_over);
        let mut rest = fresh;
        while !rest.is_empty() {
            let (batch, later) =
                rest.split_at(up_to_next_base(rest, self.base_every).min(self.batch_records_max));
            rest = later;
            let taken = taken.by_ref().take(batch.len()).collect();
            let reached = reaches(batch, fresh, read_to);
            let parked = self.apply_or_bisect(batch, taken, reached).await?;
            applied.parked += parked;
            applied.folded += batch.len() - parked;
        }
        if fresh.is_empty() {
            self.read_to(read_to).await?;
        }
        Ok(applied)
    }

    /// Says that everything up to `sequence` was read and held nothing more for this view. It costs
    /// a transaction: with every stretch that is read, not with every record.
    pub async fn read_to(&mut self, sequence: u64) -> Result<(), ProjectionError> {
        self.known()?;
        if sequence <= self.at.read_to_seq {
            return Ok(());
        }
        let to = Checkpoint { read_to_seq: sequence, ..self.at.clone() };
        self.in_transaction(&to, &[], vec![], None).await.map(drop)
    }

    /// Applies a batch; how many of it were parked. If the database refuses what the batch would
    /// write, halves find the record it refuses, and that one is parked.
    async fn apply_or_bisect(
        &mut self,
        batch: &[Record],
        taken: Vec<Taken<P>>,
        read_to: u64,
    ) -> Result<usize, ProjectionError> {
        let mut parked = 0;
        let mut parts = vec![(batch, taken)];
        while let Some((part, taken)) = parts.pop() {
            let read_to = reaches(part, batch, read_to);
            match self.apply_batch(part, taken, read_to, None).await {
                Ok(count) => parked += count,
                Err(error) if error.is_about_the_data() => {
                    self.stand_still().await?;
                    if let [record] = part {
                        tracing::warn!(view = self.at.view(), sequence = record.sequence, %error, "parked a record");
                        let (taken, refused) = (vec![P::read(record)], error.to_string());
                        parked += self.apply_batch(part, taken, read_to, Some(&refused)).await?;
                    } else {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first].map(|half| (half, read_all::<P>(half))));
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(parked)
    }

    async fn apply_batch(
        &mut self,
        batch: &[Record],
        taken: Vec<Taken<P>>,
        read_to: u64,
        refused: Option<&str>,
    ) -> Result<usize, ProjectionError> {
        let Some(last) = batch.last() else { return Ok(0) };
        let to = Checkpoint {
            applied_seq: last.sequence,
            applied_hash: Some(Hash::of_record(last)),
            read_to_seq: read_to.max(last.sequence),
            ..self.at.clone()
        };
        self.in_transaction(&to, batch, taken, refused).await
    }

    /// Moves the checkpoint and writes what the batch comes to, or does neither.
    async fn in_transaction(
        &mut self,
        to: &Checkpoint,
        batch: &[Record],
        taken: Vec<Taken<P>>,
        refused: Option<&str>,
    ) -> Result<usize, ProjectionError> {
        self.is_known = false;
        let done = self.try_in_transaction(to, batch, taken, refused).await;
        match &done {
            Ok(_) => {
                self.at = to.clone();
                self.is_known = true;
            }
            Err(_) => self.kept = P::Kept::default(),
        }
        done
    }

    /// A connection that is not given back is closed, and with it ends the transaction.
    async fn try_in_transaction(
        &mut self,
        to: &Checkpoint,
        batch: &[Record],
        taken: Vec<Taken<P>>,
        refused: Option<&str>,
    ) -> Result<usize, ProjectionError> {
        let mut session = self.database.lend().await?;
        if !fence::move_on(&mut session, &self.at, to).await? {
            return Err(self.why_not_moved(session).await);
        }
        let mut count = 0;
        if let Some(first) = batch.first() {
            let (from, before) = (self.at.read_to_seq, first.sequence - 1);
            save_between::<P>(&mut session, self.base_every, from, before).await?;
            let behind = if self.parks && P::BUILDS_ON_EARLIER {
                parked::subjects(&mut session, to, batch).await?
            } else {
                BTreeSet::new()
            };
            let sorted = parking::sort::<P>(batch.iter().zip(taken), behind, refused);
            count = sorted.parked.len();
            self.parks |= count > 0;
            parked::park(&mut session, to, &sorted.parked).await?;
            if !sorted.fits.is_empty() {
                P::write(&mut session, &mut self.kept, sorted.fits).await?;
            }
        }
        let saved_to = batch.first().map_or(self.at.read_to_seq, |first| first.sequence - 1);
        let from = saved_to.max(self.at.read_to_seq);
        save_between::<P>(&mut session, self.base_every, from, to.read_to_seq).await?;
        session.run("commit a batch", "COMMIT").await?;
        session.give_back();
        Ok(count)
    }

    fn known(&self) -> Result<(), ProjectionError> {
        if self.is_known {
            Ok(())
        } else {
            Err(ProjectionError::PositionUnknown { view: self.at.view() })
        }
    }

    /// After a refusal by the database the checkpoint has to be where it was.
    async fn stand_still(&mut self) -> Result<(), ProjectionError> {
        let ours = self.next_seq();
        let found = self.resume().await?;
        if found == ours {
            return Ok(());
        }
        self.is_known = false;
        Err(ProjectionError::WentBack { view: self.at.view(), found, ours })
    }

    async fn why_not_moved(&mut self, mut session: Lent) -> ProjectionError {
        let ours = self.at.read_to_seq;
        match self.see(&mut session).await {
            Ok(()) => {
                let found = self.at.read_to_seq;
                ProjectionError::WentBack { view: self.at.view(), found, ours }
            }
            Err(error) => error,
        }
    }

    /// Reads the checkpoint; another term on it means that this instance is fenced.
    async fn see(&mut self, session: &mut Session) -> Result<(), ProjectionError> {
        let found = fence::see(session, &self.at).await?;
        match found {
            Some(found) if found.term == self.at.term && found.owner == self.at.owner => {
                self.parks = parked::any(session, &found).await?;
                self.at = found;
                Ok(())
            }
            found => Err(ProjectionError::Fenced {
                view: self.at.view(),
                owner: found.as_ref().map_or(Uuid::nil(), |found| found.owner),
                term: found.as_ref().map_or(0, |found| found.term),
                ours: self.at.term,
            }),
        }
    }

    async fn take_over(&mut self) -> Result<(), ProjectionError> {
        let mut session = self.database.lend().await?;
        self.at = fence::take_over(&mut session, &self.at).await?;
        self.parks = parked::any(&mut session, &self.at).await?;
        session.give_back();
        self.is_known = true;
        Ok(())
    }
}

/// Rows stand in the schema of their edition; statements name no schema.
pub(crate) fn settings<P: Projection>(edition: &str) -> String {
    let commit = if P::WAITS_FOR_DISK { "on" } else { "off" };
    format!(
        "-c search_path={edition} -c synchronous_commit={commit} -c statement_timeout={PROJECT_TIMEOUT_SECONDS}s \
         -c idle_in_transaction_session_timeout={IDLE_TRANSACTION_SECONDS_MAX}s"
    )
}

/// How far a part of a whole reaches: as far as was read only if it is the end of it.
fn reaches(part: &[Record], whole: &[Record], read_to: u64) -> u64 {
    let end = |records: &[Record]| records.last().map_or(0, |last| last.sequence);
    if end(part) == end(whole) { read_to } else { end(part) }
}
