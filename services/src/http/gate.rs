//! Who is let in: tokens by what EVENTS says of them, folded in memory and kept up with the log.
//! Until all of it was read nobody is let in, because who was revoked last is not known before.

use std::{net::IpAddr, num::NonZeroU32, sync::RwLock};

use anyhow::Result;
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use helmstream_core::access::Standing;
use helmstream_schemas::Record;
use helmstream_stream::{
    StreamError,
    append::EVENTS,
    get,
    read::{Reader, read_subject},
};
use hyper::{HeaderMap, header::AUTHORIZATION};
use tracing::{info, warn};

use super::{caller::Caller, problem::Problem};
use crate::{
    clock,
    limits::{
        REFUSED_BURST, REFUSED_PER_SECOND, REQUESTS_BURST, REQUESTS_PER_SECOND, TOKEN_BYTES_MAX,
    },
    patience::{Passing, pause},
    service::Surroundings,
};

/// What is said of who may come in.
const SUBJECT: &str = "evt.access.*";

/// Lets in who has a token.
pub(super) struct Gate {
    /// Absent until everything was read that was there when this began.
    standing: RwLock<Option<Standing>>,
    requests: DefaultKeyedRateLimiter<String>,
    refused: DefaultKeyedRateLimiter<IpAddr>,
}

impl Default for Gate {
    fn default() -> Self {
        let quota = |each: NonZeroU32, burst| Quota::per_second(each).allow_burst(burst);
        Self {
            standing: RwLock::new(None),
            requests: RateLimiter::keyed(quota(REQUESTS_PER_SECOND, REQUESTS_BURST)),
            refused: RateLimiter::keyed(quota(REFUSED_PER_SECOND, REFUSED_BURST)),
        }
    }
}

impl Gate {
    /// Who asks, if it is let in; at most so often in a time.
    pub(super) fn let_in(&self, headers: &HeaderMap, from: IpAddr) -> Result<Caller, Problem> {
        let caller = match self.caller(headers)? {
            Some(caller) => caller,
            None => {
                within(&self.refused, &from)?;
                return Err(Problem::not_let_in());
            }
        };
        within(&self.requests, &caller.counted_as)?;
        Ok(caller)
    }

    /// Whether it is known who may come in.
    pub(super) fn is_ready(&self) -> bool {
        self.standing.read().is_ok_and(|standing| standing.is_some())
    }

    fn caller(&self, headers: &HeaderMap) -> Result<Option<Caller>, Problem> {
        let Some(token) = bearer(headers) else { return Ok(None) };
        let standing = self.standing.read().unwrap_or_else(|poisoned| poisoned.into_inner());
        let Some(standing) = &*standing else {
            return Err(Problem::not_ready("it is not known yet who may come in"));
        };
        match standing.find(token, clock::now()) {
            Ok(holder) => Ok(Some(Caller {
                principal: holder.principal.clone(),
                counted_as: holder.id.clone(),
            })),
            Err(denied) => {
                info!(why = %denied, "a token was refused");
                Ok(None)
            }
        }
    }

    /// Keeps up with the log until it is told to stop.
    pub(super) async fn follow(&self, around: &Surroundings) -> Result<()> {
        let mut stop = around.stop();
        let mut failed = 0;
        loop {
            let ended = tokio::select! {
                ended = self.read_on(around, &mut failed) => ended,
                _ = stop.wait_for(|stop| *stop) => return Ok(()),
            };
            match ended {
                Err(error) if error.may_pass() => {
                    if failed == 0 {
                        warn!(cause = %error, "waiting to hear who may come in");
                    }
                    failed += 1;
                }
                Err(error) => return Err(error.into()),
                Ok(()) => {}
            }
            if pause(&around.stop, helmstream_stream::limits::reconnect_delay(failed)).await {
                return Ok(());
            }
        }
    }

    async fn read_on(&self, around: &Surroundings, failed: &mut usize) -> Result<(), StreamError> {
        let connection = &around.connection;
        let known = self.standing.read().ok().and_then(|standing| standing.clone());
        let mut standing = known.unwrap_or_default();
        loop {
            let page = get::page(connection, EVENTS, SUBJECT, standing.read_to() + 1).await?;
            for record in &page {
                fold(&mut standing, record)?;
            }
            if page.is_empty() {
                break;
            }
        }
        let mut reader: Reader =
            read_subject(connection, EVENTS, standing.read_to() + 1, SUBJECT).await?;
        self.know(standing);
        *failed = 0;
        loop {
            let batch = reader.next().await?;
            let mut standing =
                self.standing.write().unwrap_or_else(|poisoned| poisoned.into_inner());
            let standing = standing.get_or_insert_default();
            batch.records.iter().try_for_each(|record| fold(standing, record))?;
        }
    }

    fn know(&self, standing: Standing) {
        let mut known = self.standing.write().unwrap_or_else(|poisoned| poisoned.into_inner());
        *known = Some(standing);
    }
}

/// What cannot be folded may be what shuts somebody out, so nobody is let in after it.
fn fold(standing: &mut Standing, record: &Record) -> Result<(), StreamError> {
    standing.apply(record).map_err(|error| StreamError::Foreign {
        subject: record.subject.clone(),
        sequence: record.sequence,
        detail: error.to_string(),
    })
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    (is_bearer && token.len() <= TOKEN_BYTES_MAX).then_some(token)
}

fn within<K: std::hash::Hash + Eq + Clone>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> Result<(), Problem> {
    limiter.check_key(key).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        Problem::too_many(wait.as_secs() + 1)
    })
}
