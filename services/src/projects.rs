//! The part of a service that folds a view, every edition of it: reads a stream in order from where
//! the view stands, and hands it on. Before it begins, and now and then, it compares the view's position with the
//! log; a log that is not the one the view was folded from stops it.

mod ahead;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use helmstream_projections::{
    Projection, ProjectionError, Projector,
    edition::{Edition, EditionState, folded},
    redrive::{Redriven, redrive},
};
use helmstream_stream::{crash, get, read};
use tokio::task::{AbortHandle, JoinError, JoinSet};
use tracing::{Instrument, error, info, warn};

use self::ahead::Ahead;
use crate::{
    client::{Code, Failure},
    clock,
    limits::{
        EDITIONS_LOOK_EVERY, GATHERED_FOR_DISK, GATHERED_FOR_MAX, STANDBY_AFTER,
        VERIFY_AGAIN_AFTER, VERIFY_EVERY, VERIFY_LOOKS,
    },
    metrics::ViewMetrics,
    patience::{Interrupted, Passing, patiently, pause, told_to_stop},
    surroundings::Surroundings,
    traces::Folded,
};

/// Folds every edition of a view until it is told to stop or none of them can go on. Editions are
/// made and dropped meanwhile; one that cannot go on, because the log is not the one it was folded
/// from, does not keep another from being built beside it.
pub async fn project<P: Projection>(around: Arc<Surroundings>, stream: &'static str) -> Result<()> {
    let looking = format!("looking for the editions of {}", P::NAME);
    let mut tasks = JoinSet::new();
    let mut known: BTreeMap<u32, Known> = BTreeMap::new();
    loop {
        let found = patiently(&around.stop, &looking, || folded::<P>(&around.database));
        let Some(found) = found.await.context(looking.clone())? else { break };
        if found.is_empty() {
            return Err(not_there::<P>().into());
        }
        for (_, gone) in known.extract_if(.., |schema, _| !found.contains_key(schema)) {
            info!(edition = gone.edition, "was dropped, folded no more");
            // Its reader may wait for long, and another edition may have its name by now.
            gone.task.abort();
        }
        for (schema, Edition { edition, state, .. }) in found {
            let serves = state == EditionState::Serving;
            if let Some(known) = known.get(&schema) {
                known.fold.serves.store(serves, Ordering::Relaxed);
            } else {
                let around = around.clone();
                let metrics = around.metrics.view(P::NAME, stream, &edition);
                let fold = Arc::new(Fold { metrics, serves: AtomicBool::new(serves) });
                let (name, folding) = (edition.clone(), fold.clone());
                let projecting = async move {
                    let ended = project_edition::<P>(&around, stream, &name, &folding).await;
                    (schema, ended)
                };
                let task = tasks.spawn(projecting.in_current_span());
                known.insert(schema, Known { edition, fold, task });
            }
        }
        tokio::select! {
            Some(ended) = tasks.join_next() => {
                let Some((schema, Err(error))) = unless_let_go(ended)? else { continue };
                // What was dropped is let go by the next look.
                if is_gone::<P>(&around, schema).await {
                    continue;
                }
                if tasks.is_empty() {
                    return Err(error);
                }
                if let Some(Known { edition, fold, .. }) = known.get(&schema) {
                    fold.metrics.position.halt();
                    error!(edition, cause = format!("{error:#}"), "folded no more");
                }
            }
            stopped = pause(&around.stop, EDITIONS_LOOK_EVERY) => if stopped { break },
        }
    }
    while let Some(ended) = tasks.join_next().await {
        if let Some((_, ended)) = unless_let_go(ended)? {
            ended?;
        }
    }
    Ok(())
}

/// An edition that is folded, and the task that folds it.
struct Known {
    edition: String,
    fold: Arc<Fold>,
    task: AbortHandle,
}

/// What a task ended with; nothing of one that was ended because its edition was dropped.
fn unless_let_go<T>(ended: Result<T, JoinError>) -> Result<Option<T>> {
    match ended {
        Err(error) if error.is_cancelled() => Ok(None),
        ended => ended.map(Some).context("a projector panicked"),
    }
}

fn not_there<P: Projection>() -> Failure {
    let what = format!("cannot fold {} v{}", P::NAME, P::VERSION);
    let hint = "run `helmstream setup`, which makes it";
    Failure::new(Code::Differs, what, "no edition of it is there", hint)
}

/// What is known of an edition beside its rows.
struct Fold {
    metrics: ViewMetrics,
    /// Readers see it. Of any other nothing is told in traces: it is folded again, or once more.
    serves: AtomicBool,
}

/// Whether an edition was dropped. While the database does not say, it was not.
async fn is_gone<P: Projection>(around: &Surroundings, schema: u32) -> bool {
    let found = folded::<P>(&around.database).await;
    found.is_ok_and(|found| !found.contains_key(&schema))
}

async fn project_edition<P: Projection>(
    around: &Surroundings,
    stream: &'static str,
    edition: &str,
    fold: &Fold,
) -> Result<()> {
    let doing = format!("projecting {edition} from {stream}");
    loop {
        let Some(mut projector) = taken_over::<P>(around, stream, &doing, edition).await? else {
            return Ok(());
        };
        match follow(around, stream, (edition, &doing), &mut projector, fold).await {
            Ok(()) => return Ok(()),
            // A redrive changed rows that are remembered here.
            Err(Interrupted::View(ProjectionError::Fenced { owner, .. }))
                if owner == around.instance =>
            {
                info!(edition, "looking again");
            }
            Err(Interrupted::View(ProjectionError::Fenced { view, .. })) => {
                info!(view, "another instance has taken over, standing by");
                if stand_by::<P>(around, stream, &projector, &fold.metrics).await? {
                    return Ok(());
                }
            }
            Err(error) => return Err(error).with_context(|| format!("cannot go on {doing}")),
        }
    }
}

/// An edition, taken over, with what its last owner parked applied as far as this version can: an older
/// one parks what a newer one wrote, and the newer one does not wait for a person to say so. Redriving
/// makes every projector look again, this one too, so it takes the edition over once more.
async fn taken_over<P: Projection>(
    around: &Surroundings,
    stream: &'static str,
    doing: &str,
    edition: &str,
) -> Result<Option<Projector<P>>> {
    let open = || {
        let (database, owner) = (&around.database, around.instance);
        Projector::<P>::open_edition(database, edition, stream, owner, around.epoch)
    };
    let opened = patiently(&around.stop, doing, open).await?;
    if !opened.as_ref().is_some_and(Projector::parks) {
        return Ok(opened);
    }
    let redriving =
        patiently(&around.stop, doing, || redrive::<P>(&around.database, edition, stream)).await;
    match redriving {
        Ok(None) => return Ok(None),
        Ok(Some(Redriven { applied, parked })) => {
            info!(edition, stream, applied, parked, "what was parked was tried again");
        }
        // The view goes on, and its parked records stay for `projection redrive`.
        Err(error) => warn!(edition, stream, %error, "what was parked cannot be tried again"),
    }
    Ok(patiently(&around.stop, doing, open).await?)
}

/// Reads and applies; after anything that passes, from where the view stands then.
async fn follow<P: Projection>(
    around: &Surroundings,
    stream: &str,
    (edition, doing): (&str, &str),
    projector: &mut Projector<P>,
    fold: &Fold,
) -> Result<(), Interrupted> {
    let mut failed = 0;
    loop {
        match read_on(around, (stream, edition), projector, fold, &mut failed).await {
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
    (stream, edition): (&str, &str),
    projector: &mut Projector<P>,
    fold: &Fold,
    failed: &mut usize,
) -> Result<(), Interrupted> {
    let metrics = &fold.metrics;
    let next = projector.resume().await?;
    metrics.position.read_to(projector.checkpoint().read_to_seq);
    verify(around, stream, projector).await?;
    let mut verified = Instant::now();
    let reader = read::read(&around.connection, stream, next).await?;
    let reader = reader.only(P::READS.subjects()).with_traces(around.traces.is_on());
    let mut ahead = Ahead::<P>::of(stream, reader);
    let (mut stop, mut rest) = (around.stop(), Duration::ZERO);
    loop {
        let (batch, foldable) = tokio::select! {
            batch = ahead.next(rest) => batch?,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        if std::mem::take(failed) > 0 {
            info!(stream, view = P::NAME, "going on");
        }
        let (begun, records, after) =
            (Instant::now(), batch.len(), projector.checkpoint().applied_seq);
        let began_at = clock::now();
        let applied = projector.apply_ready(batch).await?;
        let took = begun.elapsed();
        rest = rest_after::<P>(took);
        metrics.position.read_to(projector.checkpoint().read_to_seq);
        metrics.applied(records, applied, took);
        if !foldable.is_empty() && fold.serves.load(Ordering::Relaxed) {
            let parked = applied.parked;
            let batch = Folded { view: P::NAME, edition, records, parked, after, began_at };
            around.traces.folded(foldable, &batch);
        }
        crash::point("committed");
        if verified.elapsed() > VERIFY_EVERY {
            verify(around, stream, projector).await?;
            verified = Instant::now();
        }
    }
}

/// How long what comes next is gathered: as long as the last batch took, so that a busy view leaves
/// the cores half of its time, and each transaction carries more.
fn rest_after<P: Projection>(took: Duration) -> Duration {
    let least = if P::WAITS_FOR_DISK { GATHERED_FOR_DISK } else { Duration::ZERO };
    took.clamp(least, GATHERED_FOR_MAX)
}

/// Compares the view with the log. Of several servers one that has just come back, or has just begun to
/// lead, may know less than the log holds for a moment; so what would halt the view is looked at again
/// before it does.
async fn verify<P: Projection>(
    around: &Surroundings,
    stream: &str,
    projector: &Projector<P>,
) -> Result<(), Interrupted> {
    let mut looks = 1;
    loop {
        let extent = read::extent(&around.connection, stream).await?;
        let applied = projector.checkpoint().applied_seq;
        let at_applied = match applied {
            0 => None,
            applied => get::at(&around.connection, stream, applied).await?,
        };
        match projector.verify(around.epoch, extent.last, at_applied.as_ref()) {
            Ok(()) => return Ok(()),
            Err(error) if extent.replicas == 1 || looks == VERIFY_LOOKS => {
                return Err(ProjectionError::from(error).into());
            }
            Err(error) => {
                warn!(stream, view = P::NAME, cause = %error, "looking again before it is believed");
                looks += 1;
                if pause(&around.stop, VERIFY_AGAIN_AFTER).await {
                    return Err(told_to_stop("comparing a view with the log").into());
                }
            }
        }
    }
}

/// Waits until the view stands still while there is more to read. Says whether to stop instead.
async fn stand_by<P: Projection>(
    around: &Surroundings,
    stream: &str,
    projector: &Projector<P>,
    metrics: &ViewMetrics,
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
        metrics.position.read_to(now);
        if now == last && head > now {
            return Ok(false);
        }
        last = now;
    }
}
