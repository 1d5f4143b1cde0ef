//! Who is let in: by a token of the plane's own, or by one of an identity provider that it trusts.
//! Until all of the log was read that speaks of tokens nobody is let in, because who was shut out
//! last is not known before.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    path::Path,
    sync::{Mutex, OnceLock, PoisonError},
};

use anyhow::{Context, Result};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use helmstream_core::access::{LastUse, form};
use helmstream_schemas::{Id, Timestamp};
use helmstream_stream::signal;
use hyper::{HeaderMap, header::AUTHORIZATION};
use tracing::{debug, info};

use super::{caller::Caller, problem::Problem};
use crate::{
    access::tokens::Tokens,
    clock,
    http::limits::{
        REFUSED_BURST, REFUSED_PER_SECOND, REQUESTS_BURST, REQUESTS_PER_SECOND, TOKEN_BYTES_MAX,
    },
    oidc::Oidc,
    patience::patiently,
    surroundings::Surroundings,
};

/// Lets in who has a token.
pub(super) struct Gate {
    /// Absent until everything was read that was there when this began.
    tokens: OnceLock<Tokens>,
    issuers: Option<Oidc>,
    last_use: Mutex<LastUse>,
    requests: DefaultKeyedRateLimiter<String>,
    refused: DefaultKeyedRateLimiter<IpAddr>,
}

impl Gate {
    /// With the issuers that the plane's directory names.
    pub(super) fn open(plane: &Path) -> Result<Self> {
        let quota = |each: NonZeroU32, burst| Quota::per_second(each).allow_burst(burst);
        Ok(Self {
            tokens: OnceLock::new(),
            issuers: Oidc::open(plane)?,
            last_use: Mutex::default(),
            requests: RateLimiter::keyed(quota(REQUESTS_PER_SECOND, REQUESTS_BURST)),
            refused: RateLimiter::keyed(quota(REFUSED_PER_SECOND, REFUSED_BURST)),
        })
    }

    /// Who asks, if it is let in; at most so often in a time.
    pub(super) async fn let_in(
        &self,
        around: &Surroundings,
        headers: &HeaderMap,
        from: IpAddr,
    ) -> Result<Caller, Problem> {
        let now = clock::now();
        let caller = match bearer(headers) {
            Some(token) if form::id_of(token).is_some() => self.holder(token, now)?,
            Some(token) => self.vouched_for(around, token, now).await,
            None => None,
        };
        let Some(caller) = caller else {
            within(&self.refused, &from)?;
            return Err(Problem::not_let_in());
        };
        within(&self.requests, &caller.counted_as)?;
        self.note_use(around, &caller, now);
        Ok(caller)
    }

    /// Whether it is known who may come in.
    pub(super) fn is_ready(&self) -> bool {
        self.tokens.get().is_some()
    }

    /// Keeps up with the log until it is told to stop.
    pub(super) async fn follow(&self, around: &Surroundings) -> Result<()> {
        let begun = patiently(&around.stop, "looking who may come in", || {
            Tokens::begin(around.connection.clone())
        });
        let Some(tokens) = begun.await.context("cannot tell who may come in")? else {
            return Ok(());
        };
        let tokens = self.tokens.get_or_init(|| tokens);
        tokens.follow(&around.stop).await.context("cannot tell any more who may come in")
    }

    fn holder(&self, token: &str, now: Timestamp) -> Result<Option<Caller>, Problem> {
        let Some(tokens) = self.tokens.get() else {
            return Err(Problem::not_ready("it is not known yet who may come in"));
        };
        match tokens.find(token, now) {
            Ok(holder) => {
                let token = Id::new(holder.id.as_str()).ok();
                let counted_as = holder.id;
                Ok(Some(Caller { principal: holder.principal, counted_as, token }))
            }
            Err(denied) => {
                info!(why = %denied, "a token was refused");
                Ok(None)
            }
        }
    }

    async fn vouched_for(
        &self,
        around: &Surroundings,
        token: &str,
        now: Timestamp,
    ) -> Option<Caller> {
        match self.issuers.as_ref()?.admit(token, now).await {
            Ok(mut principal) => {
                // A provider may call people by their addresses, and those stay off the log.
                principal.actor = around.cleaner.as_ref()?.text(&principal.actor);
                let counted_as = format!("oidc {}", principal.actor);
                Some(Caller { principal, counted_as, token: None })
            }
            Err(denied) => {
                info!(why = %denied, "a token of an identity provider was refused");
                None
            }
        }
    }

    /// Says now and then that a token is used. It is a measurement: nobody waits for it.
    fn note_use(&self, around: &Surroundings, caller: &Caller, now: Timestamp) {
        let Some(id) = caller.token.clone() else { return };
        let is_due =
            self.last_use.lock().unwrap_or_else(PoisonError::into_inner).is_due(id.as_str(), now);
        if is_due {
            let connection = around.connection.clone();
            tokio::spawn(async move {
                if let Err(error) = signal::token_used(&connection, &id, now).await {
                    debug!(cause = %error, "it was not told that a token is used");
                }
            });
        }
    }
}

/// The token of `Authorization: Bearer TOKEN`.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    (is_bearer && token.len() <= TOKEN_BYTES_MAX).then_some(token)
}

/// Refuses who has asked more than its room allows.
pub(super) fn within<K: std::hash::Hash + Eq + Clone>(
    limiter: &DefaultKeyedRateLimiter<K>,
    key: &K,
) -> Result<(), Problem> {
    limiter.check_key(key).map_err(|until| {
        let wait = until.wait_time_from(DefaultClock::default().now());
        Problem::too_many(wait.as_secs() + 1)
    })
}
