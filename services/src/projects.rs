//! The part of a service that folds a view, every edition of it: reads a stream in order from where the view stands,
//! and hands it on. Before it begins, and now and then, it compares the view's position with the
//! log; a log that is not the one the view was folded from stops it.

use std::{collections::BTreeSet, sync::Arc, time::Instant};

use anyhow::{Context, Result, bail};
use helmstream_projections::{
    Projection, ProjectionError, Projector,
    edition::{Edition, folded},
    projector::Ready,
};
use helmstream_stream::{
    StreamError, crash, get,
    read::{self, Reader},
};
use tokio::{sync::mpsc, task::JoinSet};
use tracing::{error, info, warn};

use crate::{
    limits::{
        EDITIONS_LOOK_EVERY, QUIET_TOLD_AFTER, READ_AHEAD_BATCHES, STANDBY_AFTER, VERIFY_EVERY,
    },
    patience::{Interrupted, Passing, patiently, pause},
    service::Surroundings,
};

/// Folds every edition of a view until it is told to stop or none of them can go on. Editions are
/// made and dropped meanwhile; one that cannot go on, because the log is not the one it was folded
/// from, does not keep another from being built beside it.
pub async fn project<P: Projection>(around: Arc<Surroundings>, stream: &'static str) -> Result<()> {
    let looking = format!("looking for the editions of {}", P::NAME);
    let mut tasks = JoinSet::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    loop {
        let found = patiently(&around.stop, &looking, || folded::<P>(&around.database));
        let Some(found) = found.await.context(looking.clone())? else { break };
        if found.is_empty() {
            bail!(
                "cannot fold {} v{}: run `helmstream setup`, which makes it",
                P::NAME,
                P::VERSION
            );
        }
        known.retain(|edition| found.iter().any(|held| held.edition == *edition));
        for Edition { edition, .. } in found {
            if known.insert(edition.clone()) {
                let around = around.clone();
                tasks.spawn(async move {
                    let ended = project_edition::<P>(&around, stream, &edition).await;
                    (edition, ended)
                });
            }
        }
        tokio::select! {
            Some(ended) = tasks.join_next() => {
                let (edition, ended) = ended.context("a projector panicked")?;
                let Err(error) = ended else { continue };
                if is_gone::<P>(&around, &edition).await {
                    info!(edition, "was dropped, folded no more");
                } else if tasks.is_empty() {
                    return Err(error);
                } else {
                    error!(edition, cause = format!("{error:#}"), "folded no more");
                }
            }
            stopped = pause(&around.stop, EDITIONS_LOOK_EVERY) => if stopped { break },
        }
    }
    while let Some(ended) = tasks.join_next().await {
        ended.context("a projector panicked")?.1?;
    }
    Ok(())
}

/// Whether an edition was dropped. While the database does not say, it was not.
async fn is_gone<P: Projection>(around: &Surroundings, edition: &str) -> bool {
    let found = folded::<P>(&around.database).await;
    found.is_ok_and(|found| found.iter().all(|held| held.edition != edition))
}

async fn project_edition<P: Projection>(
    around: &Surroundings,
    stream: &'static str,
    edition: &str,
) -> Result<()> {
    let doing = format!("projecting {edition} from {stream}");
    loop {
        let opened = patiently(&around.stop, &doing, || {
            let (database, owner) = (&around.database, around.instance);
            Projector::<P>::open_edition(database, edition, stream, owner, around.epoch)
        });
        let Some(mut projector) = opened.await? else { return Ok(()) };
        match follow(around, stream, &doing, &mut projector).await {
            Ok(()) => return Ok(()),
            // A redrive changed rows that are remembered here.
            Err(Interrupted::View(ProjectionError::Fenced { owner, .. }))
                if owner == around.instance =>
            {
                info!(edition, "looking again");
            }
            Err(Interrupted::View(ProjectionError::Fenced { view, .. })) => {
                info!(view, "another instance has taken over, standing by");
                if stand_by::<P>(around, stream, &projector).await? {
                    return Ok(());
                }
            }
            Err(error) => return Err(error).with_context(|| format!("cannot go on {doing}")),
        }
    }
}

/// Reads and applies; after anything that passes, from where the view stands then.
async fn follow<P: Projection>(
    around: &Surroundings,
    stream: &str,
    doing: &str,
    projector: &mut Projector<P>,
) -> Result<(), Interrupted> {
    let mut failed = 0;
    loop {
        match read_on(around, stream, projector, &mut failed).await {
            Ok(()) => return Ok(()),
            Err(error) if error.may_pass() => {
                if failed == 0 {
                    warn!(doing, cause = %error, "waiting");
                }
                failed += 1;
            }
            Err(error) => return Err(error),
        }
        if pause(&around.stop, helmstream_stream::limits::reconnect_delay(failed)).await {
            return Ok(());
        }
    }
}

async fn read_on<P: Projection>(
    around: &Surroundings,
    stream: &str,
    projector: &mut Projector<P>,
    failed: &mut usize,
) -> Result<(), Interrupted> {
    let next = projector.resume().await?;
    verify(around, stream, projector).await?;
    let mut verified = Instant::now();
    let reader = read::read(&around.connection, stream, next).await?.only(P::READS.subjects());
    let mut ahead = Ahead::<P>::of(reader);
    let mut stop = around.stop();
    // A position that only moved past what others read, and when it has to be told.
    let mut quiet: Option<(u64, tokio::time::Instant)> = None;
    loop {
        let tell_at = quiet.map(|(_, at)| at);
        let batch = tokio::select! {
            batch = ahead.next() => batch?,
            _ = wait_until(tell_at), if tell_at.is_some() => Ready::of(Vec::new(), 0),
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        if std::mem::take(failed) > 0 {
            info!(stream, view = P::NAME, "going on");
        }
        let batch = batch.and_to(quiet.map_or(0, |(read_to, _)| read_to));
        let is_due = tell_at.is_some_and(|at| at <= tokio::time::Instant::now());
        if batch.is_empty() && !is_due {
            let at = tell_at.unwrap_or_else(|| tokio::time::Instant::now() + QUIET_TOLD_AFTER);
            quiet = Some((batch.read_to(), at));
            continue;
        }
        quiet = None;
        projector.apply_ready(batch).await?;
        crash::point("committed");
        if verified.elapsed() > VERIFY_EVERY {
            verify(around, stream, projector).await?;
            verified = Instant::now();
        }
    }
}

/// Reads in a task of its own: one batch is made ready while another is written.
struct Ahead<P: Projection> {
    batches: mpsc::Receiver<Result<Ready<P>, StreamError>>,
    /// Ends with this.
    _reading: JoinSet<()>,
}

impl<P: Projection> Ahead<P> {
    fn of(mut reader: Reader) -> Self {
        let (sender, batches) = mpsc::channel(READ_AHEAD_BATCHES);
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            loop {
                let batch = reader.next().await;
                let ready = batch.map(|batch| Ready::of(batch.records, batch.read_to));
                let is_cut = ready.is_err();
                if sender.send(ready).await.is_err() || is_cut {
                    return;
                }
            }
        });
        Self { batches, _reading: reading }
    }

    async fn next(&mut self) -> Result<Ready<P>, Interrupted> {
        // It ends behind an error, and nothing is asked after one.
        Ok(self.batches.recv().await.unwrap_or_else(|| Ok(Ready::of(Vec::new(), 0)))?)
    }
}

async fn wait_until(at: Option<tokio::time::Instant>) {
    if let Some(at) = at {
        tokio::time::sleep_until(at).await;
    }
}

async fn verify<P: Projection>(
    around: &Surroundings,
    stream: &str,
    projector: &Projector<P>,
) -> Result<(), Interrupted> {
    let extent = read::extent(&around.connection, stream).await?;
    let applied = projector.checkpoint().applied_seq;
    let at_applied = match applied {
        0 => None,
        applied => get::at(&around.connection, stream, applied).await?,
    };
    projector
        .verify(around.epoch, extent.last, at_applied.as_ref())
        .map_err(ProjectionError::from)?;
    Ok(())
}

/// Waits until the view stands still while there is more to read. Says whether to stop instead.
async fn stand_by<P: Projection>(
    around: &Surroundings,
    stream: &str,
    projector: &Projector<P>,
) -> Result<bool> {
    let mut last = projector.checkpoint().read_to_seq;
    loop {
        if pause(&around.stop, STANDBY_AFTER).await {
            return Ok(true);
        }
        let looked = patiently(&around.stop, "standing by", || async {
            let extent = read::extent(&around.connection, stream).await?;
            Ok::<_, Interrupted>((extent.last, projector.owners_read_to().await?))
        });
        let Some((head, now)) = looked.await? else { return Ok(true) };
        if now == last && head > now {
            return Ok(false);
        }
        last = now;
    }
}
