//! Waiting for the world: what failed for a reason that may pass is tried again, with bounded
//! pauses, for as long as the service runs; said once when it begins and once when it is over.

use std::{future::Future, time::Duration};

use helmstream_projections::ProjectionError;
use helmstream_schemas::Verdict;
use helmstream_stream::{StreamError, limits::reconnect_delay};
use tokio::sync::watch;
use tracing::{info, warn};

/// An error that says whether waiting can mend it.
pub trait Passing: std::error::Error + Send + Sync + 'static {
    fn may_pass(&self) -> bool;

    /// Whether who was asked is there all the same, and takes too long.
    fn is_slow(&self) -> bool {
        false
    }
}

impl Passing for StreamError {
    fn may_pass(&self) -> bool {
        self.verdict() == Verdict::Retry
    }
}

impl Passing for ProjectionError {
    fn may_pass(&self) -> bool {
        self.verdict() == Verdict::Retry
    }

    fn is_slow(&self) -> bool {
        self.is_slow()
    }
}

/// An error of a part of the work on a message, as one of that work.
pub trait OfWork: Passing {
    fn of_work(self) -> StreamError;
}

impl OfWork for StreamError {
    fn of_work(self) -> StreamError {
        self
    }
}

impl OfWork for ProjectionError {
    fn of_work(self) -> StreamError {
        StreamError::Ledger { detail: self.to_string() }
    }
}

/// Does a part of the work on a message. Told to stop meanwhile, it is an error: what is not done
/// must not be acknowledged, and comes again.
pub async fn steadily<T, E, F>(
    stop: &watch::Receiver<bool>,
    doing: &str,
    attempt: impl FnMut() -> F,
) -> Result<T, StreamError>
where
    E: OfWork,
    F: Future<Output = Result<T, E>>,
{
    let done = patiently(stop, doing, attempt).await.map_err(E::of_work)?;
    done.ok_or_else(|| told_to_stop(doing))
}

/// What is left undone because the service is to end.
pub fn told_to_stop(doing: &str) -> StreamError {
    StreamError::Cut { stream: doing.to_owned(), detail: "told to stop".into() }
}

/// What stopped somebody who reads the log and writes a view.
#[derive(Debug, thiserror::Error)]
pub enum Interrupted {
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

/// Does something until it succeeds or fails for good. `None` if it is told to stop meanwhile.
pub async fn patiently<T, E, F>(
    stop: &watch::Receiver<bool>,
    doing: &str,
    mut attempt: impl FnMut() -> F,
) -> Result<Option<T>, E>
where
    E: Passing,
    F: Future<Output = Result<T, E>>,
{
    let mut failed = 0;
    loop {
        match attempt().await {
            Ok(done) => {
                if failed > 0 {
                    info!(doing, attempts = failed, "going on");
                }
                return Ok(Some(done));
            }
            Err(error) if error.may_pass() => {
                failed += 1;
                if failed == 1 {
                    warn!(doing, cause = %error, "waiting");
                }
            }
            Err(error) => return Err(error),
        }
        if pause(stop, reconnect_delay(failed)).await {
            return Ok(None);
        }
    }
}

/// Waits; says whether it was told to stop.
pub async fn pause(stop: &watch::Receiver<bool>, duration: Duration) -> bool {
    let mut stop = stop.clone();
    tokio::select! {
        _ = tokio::time::sleep(duration) => false,
        _ = stop.wait_for(|stop| *stop) => true,
    }
}
