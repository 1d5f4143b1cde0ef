//! The part of a service that folds a view: reads a stream in order from where the view stands,
//! and hands it on. Before it begins, and now and then, it compares the view's position with the
//! log; a log that is not the one the view was folded from stops it.

use std::{sync::Arc, time::Instant};

use anyhow::{Context, Result};
use helmstream_projections::{Projection, ProjectionError, Projector, projection::Reads};
use helmstream_schemas::Record;
use helmstream_stream::{
    StreamError, crash, get,
    read::{self, Reader},
};
use tracing::{info, warn};

use crate::{
    limits::{STANDBY_AFTER, VERIFY_EVERY},
    patience::{Passing, patiently, pause},
    service::Surroundings,
};

/// What stopped a view from going on.
#[derive(Debug, thiserror::Error)]
enum Interrupted {
    #[error(transparent)]
    Log(#[from] StreamError),
    #[error(transparent)]
    View(#[from] ProjectionError),
}

impl Passing for Interrupted {
    fn may_pass(&self) -> bool {
        match self {
            Self::Log(error) => error.may_pass(),
            Self::View(error) => error.may_pass(),
        }
    }
}

/// Folds a view until it is told to stop or cannot go on.
pub async fn project<P: Projection>(around: Arc<Surroundings>, stream: &'static str) -> Result<()> {
    let doing = format!("projecting {} from {stream}", P::NAME);
    loop {
        let opened = patiently(&around.stop, &doing, || {
            Projector::<P>::open(&around.database, stream, around.instance, around.epoch)
        });
        let Some(mut projector) = opened.await? else { return Ok(()) };
        match follow(&around, stream, &doing, &mut projector).await {
            Ok(()) => return Ok(()),
            Err(Interrupted::View(ProjectionError::Fenced { view, .. })) => {
                info!(view, "another instance has taken over, standing by");
                if stand_by::<P>(&around, stream, &projector).await? {
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
    let mut reader: Reader = read::read(&around.connection, stream, next).await?;
    let mut stop = around.stop();
    loop {
        let records = tokio::select! {
            records = reader.next() => records?,
            _ = stop.wait_for(|stop| *stop) => return Ok(()),
        };
        if std::mem::take(failed) > 0 {
            info!(stream, view = P::NAME, "going on");
        }
        apply(projector, records).await?;
        crash::point("committed");
        if verified.elapsed() > VERIFY_EVERY {
            verify(around, stream, projector).await?;
            verified = Instant::now();
        }
    }
}

async fn apply<P: Projection>(
    projector: &mut Projector<P>,
    records: Vec<Record>,
) -> Result<(), ProjectionError> {
    let Some(last) = records.last().map(|record| record.sequence) else { return Ok(()) };
    match P::READS {
        Reads::Whole => {
            projector.apply(&records).await?;
        }
        Reads::Subjects(subjects) => {
            let wanted = |record: &Record| subjects.iter().any(|s| covers(s, &record.subject));
            let records: Vec<Record> = records.into_iter().filter(wanted).collect();
            projector.apply_to(&records, last).await?;
        }
    }
    Ok(())
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
