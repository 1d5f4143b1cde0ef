//! Waiting for the world on behalf of a person: as long as was asked for, said once when it begins
//! and once when it is over.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tracing::{info, warn};

use super::super::{
    failure::{Code, Failure},
    limits::AWAY_PAUSE,
};
use crate::patience::Passing;

/// Whether it was said that the world is away; shared by all who wait for the same.
pub(in crate::client) type Said = Arc<AtomicBool>;

/// How long something is tried again that may pass.
pub(crate) struct Patience {
    wait: Option<Duration>,
    away_since: Option<Instant>,
    said: Said,
}

impl Patience {
    pub(crate) fn new(wait: Option<Duration>) -> Self {
        Self::together(wait, Said::default())
    }

    /// Waits beside others for the same.
    pub(in crate::client) fn together(wait: Option<Duration>, said: Said) -> Self {
        Self { wait, away_since: None, said }
    }

    /// Does something until it succeeds, fails for good, or the patience is over.
    pub(crate) async fn with<T, E, F>(
        mut self,
        whom: &str,
        mut attempt: impl FnMut() -> F,
    ) -> Result<T, Failure>
    where
        E: Passing + Into<Failure>,
        F: Future<Output = Result<T, E>>,
    {
        loop {
            match attempt().await {
                Ok(done) => {
                    self.is_back(whom);
                    return Ok(done);
                }
                Err(error) if error.may_pass() => {
                    let waited = self.is_away(whom, &error.to_string()).await;
                    waited.map_err(
                        |failure| if error.is_slow() { slow(whom, failure) } else { failure },
                    )?;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Pauses because the world is away, or gives up.
    pub(crate) async fn is_away(&mut self, whom: &str, cause: &str) -> Result<(), Failure> {
        let since = *self.away_since.get_or_insert_with(Instant::now);
        if !self.said.swap(true, Ordering::Relaxed) {
            warn!("waiting for {whom}: {cause}");
        }
        match self.wait {
            Some(wait) if since.elapsed() + AWAY_PAUSE > wait => {
                let mut failure = super::away(format!("{whom} does not answer"), wait);
                failure.detail = format!("{cause}; {}", failure.detail);
                Err(Failure { code: Code::Away, ..failure })
            }
            _ => {
                tokio::time::sleep(AWAY_PAUSE).await;
                Ok(())
            }
        }
    }

    /// Says that the waiting is over, if there was any.
    pub(crate) fn is_back(&mut self, whom: &str) {
        if self.away_since.take().is_some() && self.said.swap(false, Ordering::Relaxed) {
            info!("{whom} is back, going on");
        }
    }
}

/// Nothing has to be started where somebody answers.
fn slow(whom: &str, failure: Failure) -> Failure {
    let hint = "docs/runbooks/HS-0003.md, 4., says who holds it; `--patience SECONDS` waits longer";
    Failure { what: format!("{whom} takes too long to answer"), hint: hint.to_owned(), ..failure }
}

#[cfg(test)]
mod tests {
    use helmstream_projections::ProjectionError;

    use super::*;

    fn passing() -> ProjectionError {
        ProjectionError::PositionUnknown { view: "run".into() }
    }

    #[tokio::test]
    async fn what_passes_is_tried_again() {
        let mut attempts = 0;
        let done = Patience::new(Some(Duration::from_secs(60)))
            .with("Postgres", || {
                attempts += 1;
                std::future::ready(if attempts < 2 { Err(passing()) } else { Ok(attempts) })
            })
            .await;
        assert_eq!(done, Ok(2));
    }

    #[tokio::test]
    async fn patience_ends_and_says_that_the_world_is_away() {
        let failed = Patience::new(Some(Duration::ZERO))
            .with("Postgres", || std::future::ready(Err::<(), _>(passing())))
            .await
            .unwrap_err();
        assert_eq!(failed.code, Code::Away);
        assert!(failed.what.contains("Postgres does not answer"), "{failed:?}");
    }

    #[tokio::test]
    async fn what_cannot_pass_is_not_waited_for() {
        let error = || ProjectionError::TooMany { asked: 2, limit: 1 };
        let failed = Patience::new(None)
            .with("Postgres", || std::future::ready(Err::<(), _>(error())))
            .await;
        assert_eq!(failed.unwrap_err().code, Code::Refused);
    }
}
