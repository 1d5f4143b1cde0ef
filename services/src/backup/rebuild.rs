//! Views folded anew after a restore: first to exactly where each stood when the backup was taken, so
//! that their rows can be compared, then to the end of the log.

use std::time::{Duration, Instant};

use helmstream_projections::{
    Access, Alias, Approval, Database, DeadLetter, Deadline, Deployment, Ledger, Projection,
    Projector, Run,
    digest::{ViewDigest, digest},
    views::{VIEWS, View},
};
use helmstream_stream::{Connection, read};
use serde::Serialize;
use uuid::Uuid;

use super::{Step, Told, manifest::Manifest, patiently};
use crate::client::Failure;

/// A view that was folded anew.
#[derive(Debug, Clone, Serialize)]
pub struct Rebuilt {
    pub view: String,
    pub version: u32,
    /// Up to where it was compared, on the first stream that it reads.
    pub compared_at_seq: u64,
    pub rows: u64,
    /// Whether its rows are what they were; nothing if the backup has them of another version.
    pub is_same: Option<bool>,
    /// The tables that are not.
    pub different: Vec<String>,
    pub took_ms: u64,
}

/// Folds every view anew and compares each with what it was.
pub(super) async fn rebuild(
    manifest: &Manifest,
    admin: &Database,
    ledger: &Connection,
    wait: Option<Duration>,
    told: Told<'_>,
) -> Result<Vec<Rebuilt>, Failure> {
    let mut all = Vec::with_capacity(VIEWS.len());
    for view in VIEWS {
        let wanted = manifest.views.iter().find(|digest| digest.view == view.name);
        let fold = Fold { view, wanted, admin, ledger, epoch: manifest.epoch, wait };
        macro_rules! of {
            ($($view:ident),*) => {
                match view.name {
                    $(<$view as Projection>::NAME => fold.fold::<$view>(told).await?,)*
                    _ => continue,
                }
            };
        }
        all.push(of!(Access, Alias, Approval, DeadLetter, Deadline, Deployment, Ledger, Run));
    }
    Ok(all)
}

struct Fold<'a> {
    view: View,
    wanted: Option<&'a ViewDigest>,
    admin: &'a Database,
    ledger: &'a Connection,
    epoch: Uuid,
    wait: Option<Duration>,
}

impl Fold<'_> {
    async fn fold<P: Projection>(&self, told: Told<'_>) -> Result<Rebuilt, Failure> {
        let begun = Instant::now();
        let wanted = self.wanted.filter(|wanted| wanted.version == P::VERSION);
        let mut projectors = Vec::with_capacity(self.view.streams.len());
        for &stream in self.view.streams {
            let opened =
                Projector::<P>::open(self.admin, stream, Uuid::new_v4(), self.epoch).await?;
            projectors.push((stream, opened));
        }
        for (stream, projector) in &mut projectors {
            let to = wanted.map_or(0, |wanted| wanted.read_to(stream));
            self.fold_to(stream, projector, to, told).await?;
        }
        let found = digest(self.admin, &self.view).await?;
        for (stream, projector) in &mut projectors {
            let head = read::extent(self.ledger, stream).await?.last;
            self.fold_to(stream, projector, head, told).await?;
        }
        let different: Vec<String> = wanted.map_or_else(Vec::new, |wanted| {
            let same = |table: &&_| wanted.tables.contains(*table);
            let changed = found.tables.iter().filter(|table| !same(table));
            let missing = wanted
                .tables
                .iter()
                .filter(|table| found.tables.iter().all(|here| here.table != table.table));
            changed.chain(missing).map(|table| table.table.clone()).collect()
        });
        Ok(Rebuilt {
            view: self.view.name.to_owned(),
            version: P::VERSION,
            compared_at_seq: found.read_to(self.view.streams[0]),
            rows: found.rows(),
            is_same: wanted.map(|_| different.is_empty()),
            different,
            took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// Folds a stream up to a position that it has reached. A reader that was cut begins where the view
    /// stands.
    async fn fold_to<P: Projection>(
        &self,
        stream: &str,
        projector: &mut Projector<P>,
        to: u64,
        told: Told<'_>,
    ) -> Result<(), Failure> {
        patiently(self.wait, async || self.fold_on(stream, projector, to, told).await).await
    }

    async fn fold_on<P: Projection>(
        &self,
        stream: &str,
        projector: &mut Projector<P>,
        to: u64,
        told: Told<'_>,
    ) -> Result<(), Failure> {
        let next = projector.next_seq();
        if next > to {
            return Ok(());
        }
        let mut reader = read::read(self.ledger, stream, next).await?.only(P::READS.subjects());
        let mut at = next - 1;
        while at < to {
            let mut batch = reader.next().await?;
            at = batch.read_to;
            batch.records.retain(|record| record.sequence <= to);
            projector.apply_to(&batch.records, at.min(to)).await?;
            let doing = format!("folding view {} from {stream}", self.view.name);
            told(Step { doing: &doing, done: at.min(to), of: Some(to) });
        }
        Ok(())
    }
}
